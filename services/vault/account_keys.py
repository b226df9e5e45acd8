"""Account keys: one for each account, made when it is first needed, never again once destroyed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.common.errors import DomainError, Kind
from services.vault.committing import DoesNotOpen
from services.vault.envelope import AccountKey
from services.vault.keyring import Keyring

#: Past this many messages random GCM nonces under one key may repeat (SP 800-38D, 8.3).
MOST_USES = 2**32


class AccountErased(DomainError):
    """The account's key was destroyed, and with it everything under it."""

    reason = "ACCOUNT_ERASED"
    kind = Kind.PRECONDITION
    message = "The account was erased"


class AccountKeyExhausted(DomainError):
    """The account's key has been used as often as is safe; it must be rotated."""

    reason = "ACCOUNT_KEY_EXHAUSTED"
    kind = Kind.UNAVAILABLE
    message = "The account's key must be rotated first"


@dataclass(frozen=True, slots=True)
class AccountKeyRow:
    """An account's key, as the key store holds it; a destroyed one has nothing left to open."""

    account: str
    epoch: int
    wrapped: bytes | None = field(repr=False)
    state: str
    uses: int


class AccountKeyRows(Protocol):
    """Where account keys are kept."""

    async def account_keys(self, account: str) -> Sequence[AccountKeyRow]: ...

    async def use_account_key(self, account: str) -> AccountKeyRow | None: ...

    async def add_account_key(self, account: str, wrapped: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class AccountKeys:
    """Opens account keys; whoever asked wipes them."""

    keyring: Keyring
    rows: AccountKeyRows

    async def for_sealing(self, account: str) -> AccountKey:
        """Return the account's active key with one use counted, made now if the account never had one.

        Raises AccountErased, AccountKeyExhausted.
        """
        for _ in range(2):
            row = await self.rows.use_account_key(account)
            if row is not None:
                return self.opened(row)
            known = await self.rows.account_keys(account)
            if any(each.state == "destroyed" for each in known):
                raise AccountErased
            if known:
                raise AccountKeyExhausted
            await self.rows.add_account_key(account, self.keyring.new_account_key(account, 1))
        raise AccountKeyExhausted

    async def at(self, account: str, epoch: int) -> AccountKey:
        """Return the account's key of this epoch; raise AccountErased, or DoesNotOpen if there is none."""
        for row in await self.rows.account_keys(account):
            if row.epoch == epoch:
                return self.opened(row)
        raise DoesNotOpen

    def opened(self, row: AccountKeyRow) -> AccountKey:
        """Return the key in a row; raise AccountErased, DoesNotOpen."""
        if row.wrapped is None:
            raise AccountErased
        return self.keyring.open_account_key(row.account, row.epoch, row.wrapped)
