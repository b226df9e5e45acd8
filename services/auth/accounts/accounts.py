"""Accounts: registration, verification, and the caller's own account."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Protocol

from services.auth.accounts import emails
from services.auth.limits.limits import RegisterLimits
from services.auth.passwords.passwords import Passwords, StoredPassword, check_length
from services.auth.passwords.rules import REFUSALS, PasswordRules
from services.common.errors import DomainError, Kind, Unauthenticated, Unavailable


class AccountState(Enum):
    """Whether an account can be used; only an active one is let in."""

    #: Registered, but the link in the mail was not opened yet.
    UNVERIFIED = "unverified"
    ACTIVE = "active"
    DISABLED = "disabled"
    DELETED = "deleted"


class EmailTaken(DomainError):
    """The e-mail address already has an account."""

    reason = "EMAIL_TAKEN"
    kind = Kind.EXISTS
    message = "This e-mail address already has an account; sign in, or reset its password"


class SignUpClosed(DomainError):
    """This installation accepts no new accounts."""

    reason = "SIGN_UP_CLOSED"
    kind = Kind.FORBIDDEN
    message = "Registration is closed on this installation; ask its operator"


@dataclass(frozen=True, slots=True)
class SignUp:
    """Who can register, and whether addresses must be verified."""

    first_only: bool = False
    verify: bool = False


class Added(Enum):
    """The outcome of a registration."""

    NEW = "new"
    TAKEN = "taken"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account; the address is normalised."""

    id: str
    email: str
    state: AccountState
    create_time: datetime


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account and the stored form of its password."""

    account: Account
    password: StoredPassword = field(repr=False)
    #: How many passwords the account has had.
    generation: int = 1


class Accounts(Protocol):
    """Stores accounts."""

    async def add(self, credentials: Credentials, sign_up: SignUp) -> Added:
        """Store a new account, unless its address is taken or registration is closed.

        If addresses must be verified, an unverified account with the same address is replaced, and a mail is
        sent in any case.
        """
        ...

    async def is_open(self, sign_up: SignUp) -> bool:
        """Return whether new accounts are accepted now."""
        ...

    async def by_email(self, email: str) -> Credentials | None:
        """Return the account with this normalised address."""
        ...

    async def get(self, account_id: str) -> Account | None:
        """Return an account by its id."""
        ...


class Users:
    """Registers accounts and returns them to their owners."""

    def __init__(
        self,
        accounts: Accounts,
        hashes: Passwords,
        *,
        sign_up: SignUp,
        rules: PasswordRules,
        limits: RegisterLimits,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._accounts = accounts
        self._passwords = hashes
        self._sign_up = sign_up
        self._rules = rules
        self._limits = limits
        self._clock = clock
        self._new_id = new_id

    async def register(self, email: str, password: str, *, client_address: str) -> tuple[Account, str]:
        """Create an account; return it and how its password could be stronger (empty for a strong one).

        If addresses must be verified, the returned account has no id, and is the same for a taken address.
        Raises EmailInvalid, SignUpClosed, RegisterRateLimited or EmailTaken, or what the password rules
        raise.
        """
        address = emails.normalise(email)
        check_length(password)
        # Requests that will be refused are refused before they are counted or anything expensive is done.
        self._passwords.check_room()
        if not await self._accounts.is_open(self._sign_up):
            raise SignUpClosed
        admitted = await self._limits.admit(client_address)
        try:
            advice = await self._rules.check(password, email=address)
            # Hashed before the address is looked up, so that a taken one takes as long as a free one.
            stored = await self._passwords.store(password)
        except (*REFUSALS, Unavailable):
            await self._limits.refused(admitted)
            raise
        state = AccountState.UNVERIFIED if self._sign_up.verify else AccountState.ACTIVE
        account = Account(self._new_id(), address, state, self._clock())
        added = await self._accounts.add(Credentials(account, stored), self._sign_up)
        if added is Added.CLOSED:
            raise SignUpClosed
        if self._sign_up.verify:
            return replace(account, id=""), advice
        if added is Added.TAKEN:
            raise EmailTaken
        return account, advice

    async def get(self, account_id: str) -> Account:
        """Return the caller's account; raise Unauthenticated if it is no longer in use."""
        account = await self._accounts.get(account_id)
        if account is None or account.state is not AccountState.ACTIVE:
            raise Unauthenticated
        return account
