"""Turns: of what many wait for, an account has only a share in hand; its others wait for each other.

A line in which everybody stands one after the other lets the one who sends most fill it. Here each account
has a line of its own, so that the rest find a place at once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Turns:
    """Lets each account have at most `each` pieces of work in hand."""

    def __init__(self, each: int) -> None:
        self._each = each
        # An entry lives as long as somebody of the account works or waits.
        self._lines: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    def line(self, account: str) -> asyncio.Semaphore:
        """Return the account's line; keep it for as long as a place in it is taken."""
        found = self._lines.get(account)
        if found is None:
            found = self._lines[account] = asyncio.Semaphore(self._each)
        return found

    @asynccontextmanager
    async def of(self, account: str) -> AsyncIterator[None]:
        """Wait for the account's turn, and have it for the block; work of nobody never waits."""
        if not account:
            yield
            return
        async with self.line(account):
            yield
