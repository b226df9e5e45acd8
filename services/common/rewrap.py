"""An owner's part in the rotation of account keys: its wrapped data keys are wrapped anew by the vault.

No key is opened for this. What the vault gives back is stored only in the place of what it was made from, so
that several replicas, and a repetition after a crash, do no harm.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from services.common.database import is_outage
from services.common.errors import DomainError, Kind
from services.common.logs import describe, log

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
    """An account whose key of this epoch is to be left behind; `prefix` begins keys that are not under it."""

    account: str
    epoch: int
    prefix: bytes


class AccountKeys(Protocol):
    """The vault, which wraps keys anew; raises Unavailable."""

    async def retiring(self, after: str) -> Sequence[RetiringAccount]:
        """Return accounts with a retired key, in order, from `after` on."""
        ...

    async def rewrapped(self, account: str, keys: Sequence[WrappedKey]) -> Sequence[bytes]:
        """Return each key wrapped anew, empty where one does not open."""
        ...

    async def confirm(self, account: RetiringAccount) -> None:
        """Say that no key of the retired epoch is left."""
        ...


class WrappedKeys(Protocol):
    """Where an owner keeps wrapped keys; raises Unavailable."""

    async def outdated(
        self, account: str, *, prefix: bytes, after: WrappedKey | None, most: int
    ) -> Sequence[WrappedKey]:
        """Return an account's keys that do not start with the prefix, in a fixed order, from `after` on."""
        ...

    async def replace(self, account: str, old: WrappedKey, new: bytes) -> None:
        """Store a key that was wrapped anew, if it is still what it was."""
        ...


class Rewrapping:
    """Asks the vault, again and again, which accounts' keys are to be left behind, and does its part."""

    def __init__(self, vault: AccountKeys, keys: WrappedKeys) -> None:
        self._vault = vault
        self._keys = keys

    async def run(self) -> None:
        """Go on until cancelled."""
        while True:
            try:
                await self.once()
            except Exception as error:
                if not (isinstance(error, DomainError) or is_outage(error)):
                    raise
                # What was not done is listed again.
                log.warning("rewrap.failed", **describe(error))
            await asyncio.sleep(_LOOK_SECONDS)

    async def once(self) -> None:
        """Leave behind what the vault lists now."""
        after = ""
        while accounts := await self._vault.retiring(after):
            for account in accounts:
                try:
                    await self._leave(account)
                except DomainError as error:
                    if error.kind is Kind.UNAVAILABLE:
                        raise
                    # One that is erased meanwhile is no reason to leave out the others.
                    log.warning("rewrap.refused", reason=error.reason)
            after = accounts[-1].account

    async def _leave(self, account: RetiringAccount) -> None:
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
        # A key that does not open keeps its epoch: whoever repairs the row finds it readable.
        if not closed and not await self._keys.outdated(
            account.account, prefix=account.prefix, after=None, most=1
        ):
            await self._vault.confirm(account)
        log.info("rewrap.account", count=count, closed=closed)
