"""Account keys: each account gets one when it first needs it, and never another once it is destroyed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.common.errors import DomainError, Kind
from services.vault.crypto import key_wrap
from services.vault.crypto.binding import Binding
from services.vault.crypto.committing import DoesNotOpen
from services.vault.crypto.envelope import AccountKey
from services.vault.crypto.secret import Secret
from services.vault.keys.keyring import CatchUp, Keyring, VersionUnknown


@dataclass(frozen=True, slots=True)
class Epoch:
    """The active epoch of an account's key."""

    account: str
    number: int


#: Beyond this number of messages, random GCM nonces under one key may repeat (SP 800-38D, 8.3). At the limit
#: the vault refuses to use the key again.
MOST_USES = 2**32
#: This number of uses starts a rotation: half the limit, so that even a rotation that takes days is in time.
ROTATE_AT_USES = 2**31
# A rotation may rewrap a key between reading and opening it, so that is tried again; more than once is rare.
_TRIES = 5


class AccountErased(DomainError):
    """The account was erased: its key was destroyed, so nothing under it can be read again."""

    reason = "ACCOUNT_ERASED"
    kind = Kind.PRECONDITION
    message = "The account was erased; its data cannot be read again"


class AccountKeyExhausted(DomainError):
    """The account's key has reached the safe number of uses; an operator must rotate it."""

    reason = "ACCOUNT_KEY_EXHAUSTED"
    kind = Kind.UNAVAILABLE
    message = "The account's key has reached its limit of uses; ask the operator to rotate it"


class WrappingKeyExhausted(DomainError):
    """The wrapping key has reached the safe number of uses; an operator must rotate it."""

    reason = "WRAPPING_KEY_EXHAUSTED"
    kind = Kind.UNAVAILABLE
    message = "The vault's wrapping key has reached its limit of uses; ask the operator to rotate it"


@dataclass(frozen=True, slots=True)
class AccountKeyRow:
    """An account's key as the key store has it. A destroyed one has no wrapped key."""

    account: str
    epoch: int
    wrapped: bytes | None = field(repr=False)
    state: str
    uses: int


class AccountKeyRows(Protocol):
    """Stores account keys."""

    async def account_keys(self, account: str) -> Sequence[AccountKeyRow]: ...

    async def use_account_key(self, account: str, uses: int) -> AccountKeyRow | None: ...

    async def add_account_key(self, account: str, wrapped: bytes) -> bool:
        """Store an account's first key, unless it has had one.

        Returns False if it is not wrapped under the newest version, or if that version is used up.
        """
        ...


@dataclass(frozen=True, slots=True)
class AccountKeys:
    """Opens account keys. The caller uses each one in a `with` block, which wipes it."""

    keyring: Keyring
    rows: AccountKeyRows
    catch_up: CatchUp

    async def for_sealing(self, account: str, uses: int = 1) -> AccountKey:
        """Return the account's active key and count its uses; create it if the account never had one.

        Raises AccountErased, AccountKeyExhausted, WrappingKeyExhausted.
        """
        for _ in range(_TRIES):
            row = await self.rows.use_account_key(account, uses)
            if row is not None:
                try:
                    return self.opened(row)
                except VersionUnknown:
                    await self.catch_up()
                    continue
            known = await self.rows.account_keys(account)
            if any(each.state == "destroyed" for each in known):
                raise AccountErased
            if any(each.state == "active" and each.uses > MOST_USES - uses for each in known):
                raise AccountKeyExhausted
            # A key that was retired while this waited for its row has a successor by now.
            if not known:
                await self._add(account)
        raise DoesNotOpen

    async def at(self, account: str, epoch: int) -> AccountKey:
        """Return the account's key of this epoch; raise AccountErased, or DoesNotOpen if there is none."""
        for _ in range(_TRIES):
            found = [row for row in await self.rows.account_keys(account) if row.epoch == epoch]
            if not found:
                break
            try:
                return self.opened(found[0])
            except VersionUnknown:
                await self.catch_up()
        raise DoesNotOpen

    async def unwrapped(self, account: str, wrapped: bytes, binding: Binding) -> Secret:
        """Return what is wrapped under one of the account's keys; the caller wipes it.

        Raises AccountErased, and DoesNotOpen if it is damaged or belongs elsewhere.
        """
        with await self.at(account, key_wrap.epoch_of(wrapped)) as under:
            return under.unwrap(wrapped, binding)

    def opened(self, row: AccountKeyRow) -> AccountKey:
        """Return the key in a row; raise AccountErased, DoesNotOpen."""
        if row.wrapped is None:
            raise AccountErased
        return self.keyring.open_account_key(row.account, row.epoch, row.wrapped)

    def behind(self, rows: Iterable[AccountKeyRow]) -> bool:
        """Tell whether a row names a version that is not on the ring, so the caller must catch up."""
        return any(row.wrapped is not None and not self.keyring.knows(row.wrapped) for row in rows)

    async def _add(self, account: str) -> None:
        version = self.keyring.version
        if await self.rows.add_account_key(account, self.keyring.new_account_key(account, 1)):
            return
        await self.catch_up()
        if self.keyring.version == version:
            raise WrappingKeyExhausted
