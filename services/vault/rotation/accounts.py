"""Rotation of account keys: a new epoch for new data, and the old one destroyed when nothing needs it.

1. The active epoch is retired and the next becomes active, in one statement.
2. For a grace period, in which whoever still holds a new data key of the old epoch stores it, it is kept.
3. Each owner of data keys (files, processor, and the vault for its provider keys) has its own wrapped anew
   and confirms that none is left.
4. When all have confirmed, the retired epochs are destroyed: what names them is refused.

Everything is told by rows, each step is one statement, and any replica takes the next one.
"""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from services.common import identity
from services.common.errors import DomainError, Kind
from services.common.logs import describe, log
from services.vault.audit.actions import Action
from services.vault.audit.chain import Audit, Event
from services.vault.keys.account_keys import Epoch, WrappingKeyExhausted
from services.vault.keys.keyring import CatchUp, Keyring

#: Who holds what account keys open.
OWNERS = (identity.FILES, identity.PROCESSOR, identity.VAULT)
_BATCH = 200
# So many batches are rotated at one word, which takes seconds.
_BATCHES = 10
_LOOK_SECONDS = 5.0
# Counting looks at every account, so it is done once a minute.
_LOOKS_PER_COUNT = 12
_TRIES = 5


@dataclass(frozen=True, slots=True)
class NextKey:
    """The key that follows an active epoch."""

    account: str
    after: int
    wrapped: bytes = field(repr=False)


class RetiredEpochs(Protocol):
    """Retired epochs of account keys, until every owner of data keys is rid of them; raises Unavailable."""

    async def unconfirmed(self, owner: str, *, after: str, most: int) -> Sequence[Epoch]:
        """Return active epochs of accounts with retired ones whose grace is over and that an owner has not
        confirmed, by account, from `after` on."""
        ...

    async def confirm(self, owner: str, epoch: Epoch) -> None:
        """Note that the owner has nothing left under an epoch before this one; void when it is not active."""
        ...


class Epochs(RetiredEpochs, Protocol):
    """Epochs of account keys, as the key store holds them; raises Unavailable."""

    async def made_before(self, moment: datetime, *, account: str, most: int) -> Sequence[Epoch]:
        """Return active epochs that were made before a moment, of one account or (empty) of all."""
        ...

    async def much_used(self, *, most: int) -> Sequence[Epoch]:
        """Return active epochs that are nearly used up."""
        ...

    async def advance(self, keys: Sequence[NextKey]) -> bool:
        """Make each key the active one if the epoch before it still is.

        False when they are wrapped under another version than the newest, or that one is used up.
        """
        ...

    async def destroy_confirmed(self, owners: Sequence[str], *, most: int) -> Sequence[Epoch]:
        """Destroy retired epochs that every owner has confirmed to be rid of; return the active ones."""
        ...


class OwnKeys(Protocol):
    """The vault's own data under account keys."""

    async def reseal(self, epoch: Epoch) -> bool:
        """Seal what stands under older epochs under this one; True when none is left."""
        ...


class AccountRotation:
    """Rotates account keys. It may run in several replicas at once."""

    def __init__(
        self,
        epochs: Epochs,
        own: OwnKeys,
        *,
        keyring: Keyring,
        catch_up: CatchUp,
        audit: Audit,
    ) -> None:
        self._epochs = epochs
        self._own = own
        self._keyring = keyring
        self._catch_up = catch_up
        self._audit = audit

    async def begin(self, before: datetime, account: str = "") -> tuple[int, bool]:
        """Give one account, or (empty) some of all, a new epoch where the active one is older than `before`.

        Returns how many there were, and whether none is left; repeating it is harmless. Raises
        WrappingKeyExhausted.
        """
        count = 0
        for _ in range(_BATCHES):
            found = await self._epochs.made_before(before, account=account, most=_BATCH)
            await self._advance(found)
            count += len(found)
            if len(found) < _BATCH:
                return count, True
        return count, False

    async def run(self) -> None:
        """Rotate what is nearly used up, and go on with what was begun, until cancelled."""
        following = 0
        for look in itertools.count():
            try:
                if look >= following:
                    found = await self._epochs.much_used(most=_BATCH)
                    await self._advance(found)
                    following = look + (_LOOKS_PER_COUNT if len(found) < _BATCH else 1)
                await self._reseal_own()
                await self._destroy()
            except DomainError as error:
                log.warning("rotation.accounts_failed", reason=error.reason, **describe(error))
            await asyncio.sleep(_LOOK_SECONDS)

    async def _advance(self, found: Sequence[Epoch]) -> None:
        if not found:
            return
        await asyncio.gather(*(self._audit.record(_event(each, Action.ROTATE_ACCOUNT_KEY)) for each in found))
        for _ in range(_TRIES):
            version = self._keyring.version
            keys = [
                NextKey(
                    each.account,
                    each.number,
                    self._keyring.new_account_key(each.account, each.number + 1),
                )
                for each in found
            ]
            if await self._epochs.advance(keys):
                log.info("rotation.accounts_begun", count=len(keys))
                return
            await self._catch_up()
            if self._keyring.version == version:
                raise WrappingKeyExhausted
        raise WrappingKeyExhausted

    async def _reseal_own(self) -> None:
        after = ""
        while page := await self._epochs.unconfirmed(identity.VAULT, after=after, most=_BATCH):
            for epoch in page:
                try:
                    if await self._own.reseal(epoch):
                        await self._epochs.confirm(identity.VAULT, epoch)
                except DomainError as error:
                    if error.kind is Kind.UNAVAILABLE:
                        raise
                    # One that is erased meanwhile is no reason to leave out the others.
                    log.warning("rotation.account_refused", account=epoch.account, reason=error.reason)
            after = page[-1].account

    async def _destroy(self) -> None:
        while gone := await self._epochs.destroy_confirmed(OWNERS, most=_BATCH):
            await asyncio.gather(
                *(self._audit.record(_event(each, Action.DESTROY_RETIRED_ACCOUNT_KEYS)) for each in gone)
            )
            log.info("rotation.accounts_ended", count=len(gone))


def _event(epoch: Epoch, action: Action) -> Event:
    return Event(epoch.account, f"accountKeys/{epoch.number}", action, "ok")
