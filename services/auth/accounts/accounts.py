"""Accounts: registration, verification, and the caller's own account."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Protocol

from services.auth.accounts import emails
from services.auth.limits.limits import RegisterLimits
from services.auth.opaque_tokens import digest_of
from services.auth.passwords.passwords import Passwords, StoredPassword, check_length
from services.auth.passwords.rules import PasswordCommon, PasswordContainsEmail, PasswordRules
from services.common.errors import DomainError, Kind, Unauthenticated


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


class VerificationTokenInvalid(DomainError):
    """The token is invalid, used, expired or replaced by a newer one; which of these is never disclosed."""

    reason = "VERIFICATION_TOKEN_INVALID"
    kind = Kind.INVALID
    message = "This link no longer works; register again to get a new one"


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


class VerificationTokens(Protocol):
    """Stores the tokens by which addresses are verified."""

    async def verify_email(self, digest: bytes) -> bool:
        """Use a token up and activate its account; return False if the token does not work."""
        ...


class Users:
    """Registers accounts and returns them to their owners."""

    def __init__(
        self,
        accounts: Accounts,
        hashes: Passwords,
        *,
        sign_up: SignUp,
        tokens: VerificationTokens,
        rules: PasswordRules,
        limits: RegisterLimits,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._accounts = accounts
        self._passwords = hashes
        self._sign_up = sign_up
        self._tokens = tokens
        self._rules = rules
        self._limits = limits
        self._clock = clock
        self._new_id = new_id

    async def register(self, email: str, password: str, *, client_address: str) -> Account:
        """Create an account; raise EmailInvalid, SignUpClosed, RegisterRateLimited or EmailTaken, or what the
        password rules raise.

        If addresses must be verified, the returned account has no id, and is the same for a taken address.
        """
        address = emails.normalise(email)
        check_length(password)
        # Counted before anything expensive is done.
        if not await self._accounts.is_open(self._sign_up):
            raise SignUpClosed
        admitted = await self._limits.admit(client_address)
        try:
            await self._rules.check(password, email=address)
        except (PasswordCommon, PasswordContainsEmail):
            await self._limits.refused(admitted)
            raise
        # Hashed before the address is looked up, so that a taken one takes as long as a free one.
        stored = await self._passwords.store(password)
        state = AccountState.UNVERIFIED if self._sign_up.verify else AccountState.ACTIVE
        account = Account(self._new_id(), address, state, self._clock())
        added = await self._accounts.add(Credentials(account, stored), self._sign_up)
        if added is Added.CLOSED:
            raise SignUpClosed
        if self._sign_up.verify:
            return replace(account, id="")
        if added is Added.TAKEN:
            raise EmailTaken
        return account

    async def verify_email(self, token: str) -> None:
        """Activate the account whose address the token was sent to; raise VerificationTokenInvalid."""
        digest = digest_of(token)
        if digest is None or not await self._tokens.verify_email(digest):
            raise VerificationTokenInvalid

    async def get(self, account_id: str) -> Account:
        """Return the caller's account; raise Unauthenticated if it is no longer in use."""
        account = await self._accounts.get(account_id)
        if account is None or account.state is not AccountState.ACTIVE:
            raise Unauthenticated
        return account
