"""People with an account: registering, and finding the one who asks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from services.auth import emails, passwords
from services.auth.limits import RegisterLimits
from services.auth.passwords import Passwords, StoredPassword
from services.common.errors import DomainError, Kind, Unauthenticated


class AccountState(Enum):
    """Whether an account may be used; only an active one is let in."""

    ACTIVE = "active"
    DISABLED = "disabled"
    DELETED = "deleted"


class EmailTaken(DomainError):
    """The address has an account already."""

    reason = "EMAIL_TAKEN"
    kind = Kind.EXISTS
    message = "This e-mail address has an account already"


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account; the address is a normalised one."""

    id: str
    email: str
    state: AccountState
    create_time: datetime


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account and what is kept of its password."""

    account: Account
    password: StoredPassword = field(repr=False)


class Accounts(Protocol):
    """Where accounts are kept."""

    async def add(self, credentials: Credentials) -> bool:
        """Keep a new account; say no when its address is taken, also by one added at the same moment."""
        ...

    async def by_email(self, email: str) -> Credentials | None:
        """Return who has this normalised address."""
        ...

    async def get(self, account_id: str) -> Account | None:
        """Return an account by its id."""
        ...


class Users:
    """Registers people and tells them who they are."""

    def __init__(
        self,
        accounts: Accounts,
        hashes: Passwords,
        *,
        limits: RegisterLimits,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._accounts = accounts
        self._passwords = hashes
        self._limits = limits
        self._clock = clock
        self._new_id = new_id

    async def register(self, email: str, password: str, *, client_address: str) -> Account:
        """Make an account; raise EmailInvalid, PasswordTooShort, PasswordTooLong, RegisterRateLimited or
        EmailTaken.
        """
        address = emails.normalise(email)
        passwords.check_length(password)
        await self._limits.admit(client_address)
        # Hashed before the address is looked at, so that a taken one takes as long as a free one.
        stored = await self._passwords.store(password)
        account = Account(self._new_id(), address, AccountState.ACTIVE, self._clock())
        if not await self._accounts.add(Credentials(account, stored)):
            raise EmailTaken
        return account

    async def get(self, account_id: str) -> Account:
        """Return the account of the one who asks; raise Unauthenticated when it is no longer in use."""
        account = await self._accounts.get(account_id)
        if account is None or account.state is not AccountState.ACTIVE:
            raise Unauthenticated
        return account
