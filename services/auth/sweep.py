"""Removes what has had its time: now and then, by whichever replica comes first."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from services.common.errors import Unavailable

#: Nothing waits for it: what is over is refused by its time, not by its absence.
EVERY_SECONDS = 60.0


class Sweep:
    """Runs its steps one after another; each may be repeated, also by another replica at the same time."""

    def __init__(
        self, steps: Sequence[Callable[[], Awaitable[None]]], *, every_seconds: float = EVERY_SECONDS
    ) -> None:
        self._steps = steps
        self._every_seconds = every_seconds

    async def once(self) -> None:
        """Run every step; without the database, leave the rest for the next time."""
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
