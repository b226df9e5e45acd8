"""Noticing that auth's database was restored, and serving nobody until what ended since was buried.

A restored database has sessions, access tokens and passwords that ended after the moment it was restored
to. The vault's erasure ledger outlives every restore, so auth tells the vault the history of its database
(server, timeline, database) at its start. If the ledger knows another history, auth waits until a
settlement stands in the database: the mark that what ended was buried (docs/restored-databases.md). Deleted
accounts it buries itself, at each start, because the ledger names them.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.common.errors import DomainError, Kind
from services.common.logs import describe, log

#: How often the database is asked for its history once it agrees. Longer, and a database that is restored
#: under a running service is served from for longer.
_LOOK_SECONDS = 5.0
_CLOSED_LOOK_SECONDS = 0.5
COMPARING = "the database is being compared with the vault's erasure ledger"
_NOT_SETTLED = (
    "the database was restored or moved, and what ended since has not been buried: "
    "run `smelt-ops restore`, see docs/restored-databases.md"
)


class AuthNotReady(DomainError):
    """Auth's database was restored and not settled, or was not yet compared with the erasure ledger.

    Auth's log and the vault's status say which.
    """

    reason = "AUTH_NOT_READY"
    kind = Kind.UNAVAILABLE
    message = "Signing in is not possible now; try again later"


class RestoredWhileServing(Exception):
    """The database is another one than at the start; only a new start is safe."""


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """A database's history, and the settlement that stands in it for this history; empty for none."""

    history: str
    settlement: str


class Records(Protocol):
    """What the database knows of itself; raises Unavailable."""

    async def state(self) -> DatabaseState: ...

    async def living(self, accounts: Collection[str]) -> Sequence[str]:
        """Return those of the accounts that exist."""
        ...


class Ledger(Protocol):
    """The vault's erasure ledger; raises Unavailable."""

    async def agrees(self, state: DatabaseState) -> bool:
        """Tell whether a database with this history may be served from; a settlement counts once."""
        ...

    def erased_accounts(self) -> AsyncIterator[Collection[str]]:
        """Yield the accounts that were ever erased."""
        ...


class Tombstones(Protocol):
    """Replaces accounts by tombstones."""

    async def bury_again(self, account: str) -> None: ...


class Restoration:
    """Keeps the service closed until its database agrees with the ledger. `why` is for the operator."""

    def __init__(self, records: Records, ledger: Ledger, tombstones: Tombstones) -> None:
        self._records = records
        self._ledger = ledger
        self._tombstones = tombstones
        self._opened = asyncio.Event()
        self._history = ""
        self.why = COMPARING

    async def run(self) -> None:
        """Compare at once and from time to time, until cancelled; raise RestoredWhileServing."""
        while True:
            try:
                await self._look()
            except DomainError as error:
                log.warning("restoration.not_compared", reason=error.reason, **describe(error))
            await asyncio.sleep(_LOOK_SECONDS if self._opened.is_set() else _CLOSED_LOOK_SECONDS)

    async def ready(self) -> None:
        """The readiness check."""
        self.may("")

    def may(self, _: str) -> None:
        """Raise AuthNotReady until the database agrees."""
        if not self._opened.is_set():
            raise AuthNotReady

    def once_open(self, loop: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """Return a background loop that begins once the database agrees.

        Until then it would send mails of the past, or go on with what was lost.
        """

        async def run() -> None:
            await self._opened.wait()
            await loop()

        return run

    async def _look(self) -> None:
        state = await self._records.state()
        if self._opened.is_set():
            if state.history != self._history:
                self._opened.clear()
                log.error("restoration.restored_while_serving", before=self._history, now=state.history)
                raise RestoredWhileServing
            return
        await self._bury()
        if await self._ledger.agrees(state):
            self._history, self.why = state.history, ""
            self._opened.set()
            log.info("restoration.agrees", history=state.history)
        elif self.why != _NOT_SETTLED:
            self.why = _NOT_SETTLED
            log.error("auth.not_ready", why=self.why, history=state.history)

    async def _bury(self) -> None:
        buried = 0
        async for accounts in self._ledger.erased_accounts():
            for account in await self._records.living(accounts):
                await self._tombstones.bury_again(account)
                buried += 1
        if buried:
            log.warning("restoration.accounts_buried", accounts=buried)
