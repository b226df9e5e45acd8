"""Removes rows that have expired, at regular intervals, in every replica."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from services.common.errors import Unavailable

#: Nothing depends on this: expired rows are refused by their time, whether or not they are still there.
#: Longer, and tables grow a little more between two sweeps.
EVERY_SECONDS = 60.0


class Sweep:
    """Runs its steps one after another; each is safe to repeat, even in two replicas at once."""

    def __init__(
        self, steps: Sequence[Callable[[], Awaitable[None]]], *, every_seconds: float = EVERY_SECONDS
    ) -> None:
        self._steps = steps
        self._every_seconds = every_seconds

    async def once(self) -> None:
        """Run every step; if the database is down, leave the rest to the next time."""
        try:
            for step in self._steps:
                await step()
        except Unavailable:
            return

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await self.once()
            await asyncio.sleep(self._every_seconds)
