"""Rotation of account keys: new data gets a new epoch, and the old epoch is destroyed when nothing needs it.

1. One statement retires the active epoch and makes the next one active.
2. The old epoch is kept for a grace period, in which services store data keys that they got under it.
3. Each owner of data keys (files, processor, and the vault for its provider keys) has its keys rewrapped and
   confirms that none is left.
4. When all owners have confirmed, the retired epochs are destroyed; data keys under them are refused.

Rows say how far a rotation is, each step is one statement, and any replica can take the next step.
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

#: The owners of what account keys open; an epoch is destroyed only when all of them have confirmed.
OWNERS = (identity.FILES, identity.PROCESSOR, identity.VAULT)
_BATCH = 200
# How many batches one call rotates, which takes seconds; the command calls again until none is left.
_BATCHES = 10
_LOOK_SECONDS = 5.0
# Looking for much-used keys reads every account, so it is done once a minute.
_LOOKS_PER_COUNT = 12
_TRIES = 5


@dataclass(frozen=True, slots=True)
class NextKey:
    """The key that follows an active epoch."""

    account: str
    after: int
    wrapped: bytes = field(repr=False)


class RetiredEpochs(Protocol):
    """Retired epochs that owners of data keys have yet to confirm; raises Unavailable."""

    async def unconfirmed(self, owner: str, *, after: str, most: int) -> Sequence[Epoch]:
        """Return active epochs of accounts whose retired epochs this owner has yet to confirm.

        Only epochs whose grace period is over count. They come by account, from `after` on.
        """
        ...

    async def confirm(self, owner: str, epoch: Epoch) -> None:
        """Note that the owner has nothing left under older epochs; do nothing if this one is not active."""
        ...


class Epochs(RetiredEpochs, Protocol):
    """Epochs of account keys in the key store; raises Unavailable."""

    async def made_before(self, moment: datetime, *, account: str, most: int) -> Sequence[Epoch]:
        """Return active epochs created before a moment, of one account or (empty) of all."""
        ...

    async def much_used(self, *, most: int) -> Sequence[Epoch]:
        """Return active epochs that are nearly used up."""
        ...

    async def advance(self, keys: Sequence[NextKey]) -> bool:
        """Make each key the active one if the epoch before it still is.

        Returns False if they are not wrapped under the newest version, or if that version is used up.
        """
        ...

    async def destroy_confirmed(self, owners: Sequence[str], *, most: int) -> Sequence[Epoch]:
        """Destroy retired epochs that every owner has confirmed; return their accounts' active epochs."""
        ...


class OwnKeys(Protocol):
    """Reseals the vault's own data under account keys."""

    async def reseal(self, epoch: Epoch) -> bool:
        """Reseal what is under older epochs under this one; True if nothing is left."""
        ...


class AccountRotation:
    """Rotates account keys. Several replicas may do this at once."""

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

        Returns how many there were, and whether none is left. It can be repeated. Raises
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
        """Rotate keys that are half used up, and continue what was begun, until cancelled."""
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
                    # An account that was erased in the meantime must not stop the others.
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
