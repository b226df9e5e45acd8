"""Sessions: signing in, signing out, and whether a session still stands."""

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

#: The last use is written at most this often, so that most requests write nothing.
USE_NOTED_EVERY = timedelta(minutes=5)
_LONGEST_USER_AGENT = 500
_WRONG = "The e-mail address or the password is wrong"


class SessionNotFound(DomainError):
    """The account has no such session, or it has ended."""

    reason = "SESSION_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Session not found"


class EndReason(Enum):
    """Why a session was ended before its time."""

    LOGOUT = "logout"
    REVOKED = "revoked"
    PASSWORD_CHANGE = "password change"  # noqa: S105 -- a reason
    PASSWORD_RESET = "password reset"  # noqa: S105 -- a reason


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
    #: What an earlier sign-in gave this device; empty for one that has none, or says so.
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Lives:
    """How long a session lives at most, and how long without being used."""

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


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session with its token, and the token by which its device is known later."""

    session: Session
    token: SignedToken
    device_token: str = field(repr=False)


class SessionSigner(Protocol):
    """Makes session tokens."""

    async def sign_session(self, account: str, session: str, life: timedelta) -> SignedToken:
        """Return a token that lives as long as asked, or as its kind allows."""
        ...


@dataclass(frozen=True, slots=True)
class RightPassword:
    """What is written together with a session that a right password opens."""

    known: Credentials
    #: Its attempts are forgiven.
    attempt: Attempt
    #: The same password under the current scheme and pepper; None when it is stored so already.
    renewed: StoredPassword | None


class SessionRecords(Protocol):
    """Where sessions are kept."""

    async def open(
        self, session: Session, *, generation: int, device: NewDevice | None, by: RightPassword | None
    ) -> bool:
        """Keep a new session, the device as one that its owner uses, and what a right password brings about.

        All of it in one transaction. Say no when the account is not active any more, or has had another
        password since `generation`.
        """
        ...

    async def end(self, session: str, *, account: str, now: datetime, reason: EndReason) -> bool:
        """End a session of this account; say no when there is none that has not ended."""
        ...

    async def end_others(self, account: str, *, keep: str, now: datetime, reason: EndReason) -> int:
        """End all sessions of this account but one; return how many had not ended."""
        ...

    async def page(
        self, account: str, after: Position | None, count: int, *, now: datetime, idle: timedelta
    ) -> list[Session]:
        """Return sessions that stand, newest first."""
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
        """Open a session; raise LoginRateLimited, or Unauthenticated, alike in words and in work for every
        cause.
        """
        address = _address(email)
        # Who would be turned away costs neither the database nor the vault anything.
        self._passwords.check_room()
        digest = digest_of(device.token) if device.token else None
        known_device = None if digest is None else await self._devices.find(address, digest)
        # Counted before anything is computed, whether or not there is such an account.
        attempt = await self._limits.admit(address, device.client_address, device=known_device or "")
        try:
            known = await self._accounts.by_email(address)
            checked = await self._passwords.check(password, known.password if known else None)
            if known is None or not checked.right or known.account.state is not AccountState.ACTIVE:
                raise Unauthenticated(_WRONG)
            renewed = await self._passwords.store(password) if checked.outdated else None
            # A token of another account's device is not kept on this one.
            device = device if known_device else replace(device, token="")
            right = RightPassword(known, attempt, renewed)
            return await self.open(known.account.id, known.generation, device=device, by=right)
        except Unavailable:
            await self._limits.not_checked(attempt)
            raise

    async def open(
        self, account: str, generation: int, *, device: Device, by: RightPassword | None = None
    ) -> SignedIn:
        """Open a session for one whose account is certain; raise Unauthenticated when it is closed, or has
        had another password since `generation`. `device.token` is one that is known, or empty.
        """
        id_, now = self._new_id(), self._clock()
        # Signed first: a session that nobody has a token of would stay for nothing.
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
        """End a session of the caller's own; raise SessionNotFound."""
        reason = EndReason.LOGOUT if current else EndReason.REVOKED
        if not await self._records.end(session, account=account, now=self._clock(), reason=reason):
            raise SessionNotFound

    async def page(self, account: str, after: Position | None, count: int) -> list[Session]:
        """Return sessions of the caller's own that stand, newest first."""
        return await self._records.page(account, after, count, now=self._clock(), idle=self._lives.idle)

    async def revoke_others(self, account: str, *, keep: str) -> int:
        """End all sessions of the caller's own but one; return how many there were."""
        return await self._records.end_others(account, keep=keep, now=self._clock(), reason=EndReason.REVOKED)


def _address(email: str) -> str:
    try:
        return emails.normalise(email)
    except EmailInvalid:
        # Counted and looked up like any other; no account has an address that looks so.
        return uncommon(email)
