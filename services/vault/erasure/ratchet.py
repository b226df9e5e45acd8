"""The ratchet: some time after keys were destroyed, the wrapping key is replaced.

After that, older copies of the key store open nothing; until then, they still open with today's files. One
ratchet covers all erasures since the previous one, so there is not one for each.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from services.common.errors import DomainError
from services.common.logs import describe, log

_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Owed:
    """A ratchet that is due: the version of the wrapping key to destroy, and how long it has been due."""

    beyond: int
    seconds: float


class Debts(Protocol):
    """Stores which ratchet is due; raises Unavailable."""

    async def owed(self) -> Owed | None: ...

    async def settle(self, beyond: int) -> None: ...


class Rotation(Protocol):
    """Rotates the wrapping key until a version, and every older one, is destroyed; raises DomainError."""

    async def wrapping_beyond(self, version: int) -> Any: ...


@dataclass(frozen=True, slots=True)
class Ratchet:
    """Rotates the wrapping key at most `delay_seconds` after the first erasure since the last time."""

    debts: Debts
    rotation: Rotation
    delay_seconds: float

    async def settle(self) -> None:
        """Make the ratchet that is due, if any, now; raise what the rotation raises."""
        owed = await self.debts.owed()
        if owed is not None:
            await self._settle(owed)

    async def run(self, *, unless: Callable[[], bool]) -> None:
        """Make ratchets when their delay is over, until cancelled; none while `unless` returns True."""
        while True:
            if not unless():
                await self._look()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _look(self) -> None:
        try:
            owed = await self.debts.owed()
            if owed is not None and owed.seconds >= self.delay_seconds:
                await self._settle(owed)
        except DomainError as error:
            # Another replica may be making it; it stays due until it is done.
            log.warning("ratchet.not_made", reason=error.reason, **describe(error))

    async def _settle(self, owed: Owed) -> None:
        await self.rotation.wrapping_beyond(owed.beyond)
        await self.debts.settle(owed.beyond)
        log.info("ratchet.made", destroyed_version=owed.beyond, owed_seconds=round(owed.seconds, 3))
