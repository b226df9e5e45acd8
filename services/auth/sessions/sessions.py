"""Sessions: signing in, signing out, and whether a session is still active."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from services.auth.accounts import emails
from services.auth.accounts.accounts import Accounts, AccountState, Credentials
from services.auth.accounts.emails import EmailInvalid, uncommon
from services.auth.limits.limits import Attempt, SignInLimits
from services.auth.opaque_tokens import digest_of, make
from services.auth.passwords.passwords import Passwords, StoredPassword
from services.auth.sessions.devices import Devices, NewDevice
from services.common.errors import DomainError, Kind, Unauthenticated, Unavailable
from services.common.paging import Position

#: The last use is written at most this often, so that most requests write nothing. The idle limit is only as
#: exact as this.
USE_NOTED_EVERY = timedelta(minutes=5)
#: An account has this many sessions; a further sign-in ends the least recently used one. Fewer sign out
#: people with many devices and scripts; more only fill the table. As many ended ones are kept for the owner's
#: export.
MOST_KEPT = 200
_LONGEST_USER_AGENT = 500
_WRONG = "The e-mail address or the password is wrong"


class SessionNotFound(DomainError):
    """The account has no such session, or it has ended."""

    reason = "SESSION_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Session not found"


class EndReason(Enum):
    """Why a session was ended before it expired."""

    LOGOUT = "logout"
    REVOKED = "revoked"
    PASSWORD_CHANGE = "password change"  # noqa: S105 -- a reason
    PASSWORD_RESET = "password reset"  # noqa: S105 -- a reason
    TOO_MANY = "too many"
    ADDRESS_PROVED = "address proved"
    #: Written by `ops.aftermath`: whether the session was ended since cannot be known.
    RESTORED = "restored"


class Standing(Enum):
    """The state of a session; only `ACTIVE` lets a request in."""

    ACTIVE = "active"
    UNKNOWN = "unknown"
    ENDED = "ended"
    EXPIRED = "expired"
    IDLE = "idle"
    ACCOUNT_CLOSED = "account closed"


@dataclass(frozen=True, slots=True)
class Device:
    """What a request reveals about where a session was opened."""

    user_agent: str
    client_address: str
    #: The device token from an earlier sign-in; empty if the request has none.
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Lives:
    """How long a session lives at most, and how long it may stay unused."""

    whole: timedelta
    idle: timedelta


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in device."""

    id: str
    account: str
    create_time: datetime
    #: Exact to five minutes.
    last_used_time: datetime
    expire_time: datetime
    device: Device


@dataclass(frozen=True, slots=True)
class SessionState:
    """The facts that decide a session's standing, and the database's time at which they were read."""

    account: str
    account_state: str
    last_used_time: datetime
    expire_time: datetime
    end_time: datetime | None
    read_time: datetime
    #: How many passwords the account has had.
    generation: int = 1

    def standing(self, account: str, *, idle: timedelta) -> Standing:
        """Return the session's standing for a caller that claims to be `account`."""
        now = self.read_time
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
    """A token that the vault has signed, its id and its expiry time."""

    token: str = field(repr=False)
    id: str
    expire_time: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session with its token, and the token that identifies its device later."""

    session: Session
    token: SignedToken
    device_token: str = field(repr=False)


class SessionSigner(Protocol):
    """Signs session tokens."""

    async def sign_session(self, account: str, session: str, life: timedelta) -> SignedToken:
        """Return a token with this lifetime, or the longest that its kind allows."""
        ...


@dataclass(frozen=True, slots=True)
class RightPassword:
    """What is written together with a session that was opened by a right password."""

    known: Credentials
    #: The attempt that succeeded; `Attempt` says what that forgives.
    attempt: Attempt
    #: The same password under the current scheme and pepper; None if it is already stored that way.
    renewed: StoredPassword | None


class SessionRecords(Protocol):
    """Stores sessions."""

    async def open(
        self, session: Session, *, generation: int, device: NewDevice | None, by: RightPassword | None
    ) -> bool:
        """Store a new session, its device, and what a right password changes, in one transaction.

        Return False if the account is no longer active, or has had another password since `generation`.
        """
        ...

    async def end(self, session: str, *, account: str, now: datetime, reason: EndReason) -> bool:
        """End a session of this account; return False if there is none, or it has already ended."""
        ...

    async def end_others(self, account: str, *, keep: str, now: datetime, reason: EndReason) -> int:
        """End all sessions of this account but one; return how many had not ended."""
        ...

    async def page(
        self, account: str, after: Position | None, count: int, *, now: datetime, idle: timedelta
    ) -> list[Session]:
        """Return active sessions, newest first."""
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
        devices: Devices,
        signer: SessionSigner,
        lives: Lives,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        random: Callable[[int], bytes],
    ) -> None:
        self._records = records
        self._accounts = accounts
        self._limits = limits
        self._passwords = hashes
        self._devices = devices
        self._signer = signer
        self._lives = lives
        self._clock = clock
        self._new_id = new_id
        self._random = random

    async def sign_in(self, email: str, password: str, *, device: Device) -> SignedIn:
        """Open a session; raise LoginRateLimited or Unauthenticated.

        Every cause of Unauthenticated gives the same words after the same work.
        """
        address = _address(email)
        # Requests that will be refused are refused before the database or the vault is touched.
        self._passwords.check_room()
        digest = digest_of(device.token) if device.token else None
        known_device = None if digest is None else await self._devices.find(address, digest)
        # Counted before anything is computed, whether or not the account exists.
        attempt = await self._limits.admit(address, device.client_address, device=known_device or "")
        try:
            known = await self._accounts.by_email(address)
            checked = await self._passwords.check(password, known.password if known else None)
            if known is None or not checked.right or known.account.state is not AccountState.ACTIVE:
                raise Unauthenticated(_WRONG)
            renewed = await self._passwords.store(password) if checked.outdated else None
            # A device token of another account is replaced by a new one.
            device = device if known_device else replace(device, token="")
            right = RightPassword(known, attempt, renewed)
            return await self.open(known.account.id, known.generation, device=device, by=right)
        except Unavailable:
            await self._limits.not_checked(attempt)
            raise

    async def open(
        self, account: str, generation: int, *, device: Device, by: RightPassword | None = None
    ) -> SignedIn:
        """Open a session for an account whose owner has been verified; `device.token` is known, or empty.

        Raises Unauthenticated if the account is closed, or has had another password since `generation`.
        """
        id_, now = self._new_id(), self._clock()
        # Signed first: if signing fails, no session is left behind that nobody has a token for.
        token = await self._signer.sign_session(account, id_, self._lives.whole)
        session = Session(
            id=id_,
            account=account,
            create_time=now,
            last_used_time=now,
            expire_time=token.expire_time,
            device=replace(device, user_agent=device.user_agent[:_LONGEST_USER_AGENT]),
        )
        remembered = make(self._random)
        new = None if device.token else NewDevice(self._new_id(), remembered.digest)
        if not await self._records.open(session, generation=generation, device=new, by=by):
            raise Unauthenticated(_WRONG)
        return SignedIn(session, token, device.token or remembered.text)

    async def sign_out(self, session: str, *, account: str, current: bool) -> None:
        """End one of the caller's sessions; raise SessionNotFound."""
        reason = EndReason.LOGOUT if current else EndReason.REVOKED
        if not await self._records.end(session, account=account, now=self._clock(), reason=reason):
            raise SessionNotFound

    async def page(self, account: str, after: Position | None, count: int) -> list[Session]:
        """Return the caller's active sessions, newest first."""
        return await self._records.page(account, after, count, now=self._clock(), idle=self._lives.idle)

    async def revoke_others(self, account: str, *, keep: str) -> int:
        """End all of the caller's sessions but one; return how many were ended."""
        return await self._records.end_others(account, keep=keep, now=self._clock(), reason=EndReason.REVOKED)


def _address(email: str) -> str:
    try:
        return emails.normalise(email)
    except EmailInvalid:
        # Counted and looked up like any other address; no account can have one that looks like this.
        return uncommon(email)
