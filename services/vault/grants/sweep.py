"""Removes grants a day after they expired, a few at a time."""

import asyncio
from typing import Protocol

from services.common.errors import DomainError
from services.common.logs import describe, log

_EVERY_SECONDS = 600.0


class EndedGrants(Protocol):
    """Removes grants that have expired; raises Unavailable."""

    async def sweep(self) -> int:
        """Remove some and return how many."""
        ...


class GrantSweep:
    """Sweeps every ten minutes, until nothing is left to remove."""

    def __init__(self, grants: EndedGrants) -> None:
        self._grants = grants

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            try:
                while await self._grants.sweep():
                    pass
            except DomainError as error:
                # Expired grants can wait for the next sweep.
                log.warning("grants.sweep_failed", **describe(error))
