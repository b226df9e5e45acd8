"""Account deletion: the account ends at once, and what is held of it is removed, whatever crashes meanwhile.

The account, its sessions and access tokens end in the transaction that makes the tombstone. What other
services hold follows: jobs stop, the account's key is destroyed, rows and objects go. After the longest time
that anything begun before may still take, all of it is done once more, for what was written meanwhile.
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

#: A passport lives for minutes after its account, an upload that was begun with one for longer.
LINGER = timedelta(hours=1)
PERMIT_LIFE = timedelta(hours=24)


class Tombstones(Protocol):
    """Where it is recorded who has left."""

    async def replace_account(self, account: str) -> None:
        """End the account and make its tombstone, in one transaction; repeating it changes nothing."""
        ...

    async def finish_pass(self, claim: Claim, linger: timedelta) -> None:
        """Note that everything was removed: after the first time another is due, after the second none."""
        ...


class Holder(Protocol):
    """A service that holds something of people."""

    async def erase(self, permit: ErasurePermit) -> bool:
        """Remove as much as fits into a call; return whether nothing is left."""
        ...


class KeyDestroyer(Protocol):
    """Who destroys an account's key."""

    async def destroy_account_key(self, account: str) -> None: ...


class ErasureSigner(Protocol):
    """Makes erasure tokens."""

    async def sign_erasure(self, account: str, life: timedelta) -> SignedToken: ...


class AccountDeletion:
    """Takes a person's word that they leave."""

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
    """Removes what is held of an account that has left; every step may be repeated."""

    tombstones: Tombstones
    #: By name, in the order in which they are asked.
    holders: Mapping[str, Holder]
    keys: KeyDestroyer
    signer: ErasureSigner
    linger: timedelta = LINGER

    async def perform(self, claim: Claim) -> None:
        """Carry an erasure through, or raise what stood in its way."""
        account = claim.id
        signed = await self.signer.sign_erasure(account, PERMIT_LIFE)
        permit = ErasurePermit(account, signed.token)
        # Jobs stop and the key is destroyed at the same time: neither waits for a service that is away.
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
