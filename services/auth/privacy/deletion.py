"""Account deletion: the account ends at once, and its data in every service is removed, whatever crashes.

The account, its sessions and access tokens end in the transaction that writes the tombstone. Then the other
services follow: jobs stop, the account's key is destroyed, rows and objects are removed. An hour later all of
this is done once more, for data that was being written when the account ended.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from services.auth.accounts.password_again import PasswordAgain
from services.auth.due.work import Claim
from services.auth.sessions.sessions import SignedToken
from services.common.identity import ErasurePermit

#: How long after the first pass the second one follows. A passport outlives its account by minutes, an upload
#: that was started with one for longer; too short, and what such an upload stores is not removed.
LINGER = timedelta(hours=1)
PERMIT_LIFE = timedelta(hours=24)


class Tombstones(Protocol):
    """Stores the tombstones of deleted accounts."""

    async def replace_account(self, account: str) -> None:
        """Replace the account by its tombstone, in one transaction; repeating this changes nothing."""
        ...

    async def finish_pass(self, claim: Claim, linger: timedelta) -> None:
        """Record that everything was removed; after the first pass, a second one is due after `linger`."""
        ...


class Holder(Protocol):
    """A service that holds personal data."""

    async def erase(self, permit: ErasurePermit) -> bool:
        """Remove as much as one call allows; return whether nothing is left."""
        ...


class KeyDestroyer(Protocol):
    """Destroys the keys of accounts."""

    async def destroy_account_key(self, account: str) -> None: ...


class ErasureSigner(Protocol):
    """Signs erasure tokens."""

    async def sign_erasure(self, account: str, life: timedelta) -> SignedToken: ...


class AccountDeletion:
    """Deletes an account at its owner's request."""

    def __init__(
        self, password_again: PasswordAgain, tombstones: Tombstones, *, begun: Callable[[], None]
    ) -> None:
        self._password_again = password_again
        self._tombstones = tombstones
        self._begun = begun

    async def delete(self, account: str, password: str, *, client_address: str) -> None:
        """End the account; raise PasswordWrong, LoginRateLimited or Unauthenticated."""
        await self._password_again.require(account, password, field="password", client_address=client_address)
        await self._tombstones.replace_account(account)
        self._begun()


@dataclass(frozen=True, slots=True)
class Erasure:
    """Removes the data of a deleted account in every service; each step is safe to repeat."""

    tombstones: Tombstones
    #: By name, in the order in which they are called.
    holders: Mapping[str, Holder]
    keys: KeyDestroyer
    signer: ErasureSigner
    linger: timedelta = LINGER

    async def perform(self, claim: Claim) -> None:
        """Carry an erasure through, or raise what prevented it."""
        account = claim.id
        signed = await self.signer.sign_erasure(account, PERMIT_LIFE)
        permit = ErasurePermit(account, signed.token)
        # Jobs are stopped and the key is destroyed at the same time, so neither waits for a service that is
        # down.
        outcomes = await asyncio.gather(
            self.keys.destroy_account_key(account),
            *(holder.erase(permit) for holder in self.holders.values()),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        for holder in self.holders.values():
            while not await holder.erase(permit):
                pass
        await self.tombstones.finish_pass(claim, self.linger)
