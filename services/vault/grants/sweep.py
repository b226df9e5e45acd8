"""Removes grants that have been over for a day, a few at a time."""

import asyncio
from typing import Protocol

from services.common.errors import DomainError
from services.common.logs import describe, log

_EVERY_SECONDS = 600.0


class EndedGrants(Protocol):
    """Grants that are over; raises Unavailable."""

    async def sweep(self) -> int:
        """Remove some; return how many."""
        ...


class GrantSweep:
    """Sweeps every ten minutes, until nothing is left to remove."""

    def __init__(self, grants: EndedGrants) -> None:
        self._grants = grants

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            try:
                while await self._grants.sweep():
                    pass
            except DomainError as error:
                # What is over keeps until the next time.
                log.warning("grants.sweep_failed", **describe(error))
