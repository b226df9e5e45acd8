"""The rotation of account keys in a service that stores wrapped data keys: the vault rewraps them.

No key is opened for this. A rewrapped key replaces only the wrapped key that it was made from, so several
replicas, or a repetition after a crash, do no harm.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from services.common.database import is_outage
from services.common.errors import DomainError, Kind
from services.common.logs import describe, log

#: How often the vault is asked. Less often delays the destruction of old keys; more often only loads the
#: vault.
_LOOK_SECONDS = 5.0
_BATCH = 50


class Purpose(Enum):
    """What a data key encrypts."""

    FILE = "FILE"
    JOB = "JOB"
    RESULT = "RESULT"
    EXPORT = "EXPORT"
    WEBHOOK = "WEBHOOK"


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A wrapped data key and its binding; `row_key` is what else its owner needs to find the row."""

    purpose: Purpose
    object: str
    generation: int
    row_key: tuple[str, ...]
    wrapped: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class RetiringAccount:
    """An account whose key of this epoch retires; keys that start with `prefix` are rewrapped already."""

    account: str
    epoch: int
    prefix: bytes


class AccountKeys(Protocol):
    """The vault, which rewraps keys; raises Unavailable."""

    async def retiring(self, after: str) -> Sequence[RetiringAccount]:
        """Return accounts with a retiring key, in order, after the account `after`."""
        ...

    async def rewrapped(self, account: str, keys: Sequence[WrappedKey]) -> Sequence[bytes]:
        """Return the keys rewrapped; an empty one for a key that does not open."""
        ...

    async def confirm(self, account: RetiringAccount) -> None:
        """Confirm that no key of the retiring epoch is left."""
        ...


class WrappedKeys(Protocol):
    """The wrapped keys of a service; raises Unavailable."""

    async def outdated(
        self, account: str, *, prefix: bytes, after: WrappedKey | None, most: int
    ) -> Sequence[WrappedKey]:
        """Return an account's keys that do not start with the prefix, in a fixed order, after `after`."""
        ...

    async def replace(self, account: str, old: WrappedKey, new: bytes) -> None:
        """Store a rewrapped key if the old one is still there."""
        ...


class Rewrapping:
    """Asks the vault regularly which account keys retire, and has the data keys under them rewrapped."""

    def __init__(self, vault: AccountKeys, keys: WrappedKeys) -> None:
        self._vault = vault
        self._keys = keys

    async def run(self) -> None:
        """Rewrap until cancelled."""
        while True:
            try:
                await self.once()
            except Exception as error:
                if not (isinstance(error, DomainError) or is_outage(error)):
                    raise
                # The vault lists again what was not confirmed.
                log.warning("rewrap.failed", **describe(error))
            await asyncio.sleep(_LOOK_SECONDS)

    async def once(self) -> None:
        """Rewrap the keys of all accounts that the vault lists now."""
        after = ""
        while accounts := await self._vault.retiring(after):
            for account in accounts:
                try:
                    await self._rewrap(account)
                except DomainError as error:
                    if error.kind is Kind.UNAVAILABLE:
                        raise
                    # An account that was erased meanwhile must not keep the others from their turn.
                    log.warning("rewrap.refused", reason=error.reason)
            after = accounts[-1].account

    async def _rewrap(self, account: RetiringAccount) -> None:
        last: WrappedKey | None = None
        count = closed = 0
        while batch := await self._keys.outdated(
            account.account, prefix=account.prefix, after=last, most=_BATCH
        ):
            last = batch[-1]
            for old, new in zip(batch, await self._vault.rewrapped(account.account, batch), strict=True):
                if new:
                    await self._keys.replace(account.account, old, new)
                    count += 1
                else:
                    log.error("rewrap.key_does_not_open", object=old.object)
                    closed += 1
        # A key that does not open keeps its epoch, so that a repaired row can still be read.
        if not closed and not await self._keys.outdated(
            account.account, prefix=account.prefix, after=None, most=1
        ):
            await self._vault.confirm(account)
        log.info("rewrap.account", count=count, closed=closed)
