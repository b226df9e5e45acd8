"""Sessions: signing in, signing out, and whether a session still stands."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from services.auth import emails
from services.auth.emails import EmailInvalid
from services.auth.limits import SignInLimits
from services.auth.passwords import Passwords
from services.auth.users import Accounts, AccountState
from services.common.errors import DomainError, Kind, Unauthenticated, Unavailable

#: The last use is written at most this often, so that most requests write nothing.
USE_NOTED_EVERY = timedelta(minutes=5)
_LONGEST_USER_AGENT = 500
_WRONG = "The e-mail address or the password is wrong"


class SessionNotFound(DomainError):
    """The caller has no such session, or it has ended."""

    reason = "SESSION_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Session not found"


class EndReason(Enum):
    """Why a session was ended before its time."""

    LOGOUT = "logout"


class Standing(Enum):
    """What a look at a session says; only `ACTIVE` lets anyone in."""

    ACTIVE = "active"
    UNKNOWN = "unknown"
    ENDED = "ended"
    EXPIRED = "expired"
    IDLE = "idle"
    ACCOUNT_CLOSED = "account closed"


@dataclass(frozen=True, slots=True)
class Device:
    """From where a session was opened, as far as the request tells."""

    user_agent: str
    client_address: str


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in device."""

    id: str
    account: str
    create_time: datetime
    expire_time: datetime
    device: Device


@dataclass(frozen=True, slots=True)
class SessionState:
    """What a session's standing is decided by."""

    account: str
    account_state: str
    last_used_time: datetime
    expire_time: datetime
    end_time: datetime | None

    def standing(self, account: str, *, now: datetime, idle: timedelta) -> Standing:
        """Return how the session stands for one who claims to be `account`."""
        if self.account != account:
            return Standing.UNKNOWN
        if self.account_state != AccountState.ACTIVE.value:
            return Standing.ACCOUNT_CLOSED
        if self.end_time is not None:
            return Standing.ENDED
        if now >= self.expire_time:
            return Standing.EXPIRED
        if now >= self.last_used_time + idle:
            return Standing.IDLE
        return Standing.ACTIVE


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A token made by the vault, its id and its end."""

    token: str = field(repr=False)
    id: str
    expire_time: datetime


class SessionSigner(Protocol):
    """Makes session tokens."""

    async def sign_session(self, account: str, session: str, life: timedelta) -> SignedToken:
        """Return a token that lives as long as asked, or as its kind allows."""
        ...


class SessionRecords(Protocol):
    """Where sessions are kept."""

    async def open(self, session: Session) -> bool:
        """Keep a new session; say no when its account is not active any more."""
        ...

    async def end(self, session: str, *, account: str, now: datetime, reason: EndReason) -> bool:
        """End a session of this account; say no when there is none that has not ended."""
        ...


class Sessions:
    """Signs people in and out."""

    def __init__(
        self,
        records: SessionRecords,
        accounts: Accounts,
        *,
        limits: SignInLimits,
        hashes: Passwords,
        signer: SessionSigner,
        life: timedelta,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._records = records
        self._accounts = accounts
        self._limits = limits
        self._passwords = hashes
        self._signer = signer
        self._life = life
        self._clock = clock
        self._new_id = new_id

    async def sign_in(self, email: str, password: str, *, device: Device) -> tuple[Session, SignedToken]:
        """Open a session; raise LoginRateLimited, or Unauthenticated, alike in words and in work for every
        cause.
        """
        address = _address(email)
        # Counted before anything is looked up or computed, whether or not there is such an account.
        attempt = await self._limits.admit(address, device.client_address)
        try:
            known = await self._accounts.by_email(address)
            matches = await self._passwords.matches(password, known.password if known else None)
        except Unavailable:
            await self._limits.not_checked(attempt)
            raise
        if known is None or not matches or known.account.state is not AccountState.ACTIVE:
            raise Unauthenticated(_WRONG)
        await self._limits.succeeded(attempt)
        id_, now = self._new_id(), self._clock()
        # Signed first: a session that nobody has a token of would stay for nothing.
        token = await self._signer.sign_session(known.account.id, id_, self._life)
        agent = device.user_agent[:_LONGEST_USER_AGENT]
        session = Session(
            id=id_,
            account=known.account.id,
            create_time=now,
            expire_time=token.expire_time,
            device=Device(agent, device.client_address),
        )
        if not await self._records.open(session):
            raise Unauthenticated(_WRONG)
        return session, token

    async def sign_out(self, session: str, *, account: str) -> None:
        """End a session of the caller's own; raise SessionNotFound."""
        if not await self._records.end(session, account=account, now=self._clock(), reason=EndReason.LOGOUT):
            raise SessionNotFound


def _address(email: str) -> str:
    try:
        return emails.normalise(email)
    except EmailInvalid:
        # Counted and looked up like any other; no account has an address that looks so.
        return f"@{hashlib.sha256(email.encode()).hexdigest()}"
