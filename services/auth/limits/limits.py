"""Limits on signing in, registering and requesting mails: how many attempts in what time, counted by what.

The latest attempts are stored with their times, by the database's clock. An attempt is admitted when fewer
than the limit lie within the period that ends now. So there is no moment at which a counter starts again and
lets twice the limit through.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, Self

from services.common.errors import DomainError, Kind
from services.common.networks import network_of

_RATE = re.compile(r"([1-9]\d{0,5})/([1-9]\d{0,4})([smhd])\Z")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Rate:
    """A number of attempts within a period; `5/15m` means five in fifteen minutes."""

    most: int
    period: timedelta

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a text such as `5/15m`, with s, m, h or d; raise ValueError."""
        match = _RATE.match(text.strip())
        if not match:
            raise ValueError("must look like 5/15m: a number, a slash, and a time in s, m, h or d")
        most, number, unit = match.groups()
        return cls(int(most), timedelta(**{_UNITS[unit]: int(number)}))

    def __str__(self) -> str:
        seconds = int(self.period.total_seconds())
        for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
            if seconds % length == 0:
                return f"{self.most}/{seconds // length}{unit}"
        return f"{self.most}/{seconds}s"

    def times(self, more: int, *, longer: int = 1) -> "Rate":
        """Return `more` times as many attempts in a period that is `longer` times as long."""
        return Rate(self.most * more, self.period * longer)


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate for one thing that is counted; `key` does not reveal what that is."""

    key: bytes
    rate: Rate


@dataclass(frozen=True, slots=True)
class Counted:
    """An admitted attempt: its time under each key, which is needed to take it back."""

    times: Mapping[bytes, datetime]


@dataclass(frozen=True, slots=True)
class Full:
    """The limit that is full, and when the next attempt is allowed."""

    limit: Limit
    retry_after_seconds: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """An admitted attempt to sign in.

    A right password clears the pair's attempts, and takes this one back under the limit of the e-mail
    address, where only failures count. Earlier failures stay there: a stranger may have made them, and would
    otherwise get a fresh limit each time the owner signs in.
    """

    counted: Counted
    pair: Limit
    by_email: Limit
    limits: tuple[Limit, ...]


class Attempts(Protocol):
    """Counts attempts for all replicas."""

    async def count(self, limits: Sequence[Limit]) -> Counted | Full:
        """Count one attempt under all limits, or under none if one of them is full."""
        ...

    async def take_back(self, counted: Counted, limits: Sequence[Limit]) -> None:
        """Forget one attempt, because it turned out not to be of the kind that is limited."""
        ...

    async def succeeded(self, attempt: Attempt) -> None:
        """Record that the password was right; `Attempt` says what that forgives."""
        ...


class LoginRateLimited(DomainError):
    """Too many attempts to sign in."""

    reason = "LOGIN_RATE_LIMITED"
    kind = Kind.EXHAUSTED
    message = "Too many attempts to sign in; try again later"


class RegisterRateLimited(DomainError):
    """Too many registrations from one network address."""

    reason = "REGISTER_RATE_LIMITED"
    kind = Kind.EXHAUSTED
    message = "Too many registrations from your network address; try again later"


class MailRateLimited(DomainError):
    """Too many mails were requested for an address, or from one network, whether or not any was sent."""

    reason = "MAIL_RATE_LIMITED"
    kind = Kind.EXHAUSTED
    message = "Too many mails were requested; look for the latest one, or try again later"


_BY_EMAIL = (
    "Too many failed attempts to sign in with this e-mail address; try again later, "
    "or request a sign-in link by mail (POST /v1/signInLinks)"
)


def key_of(*parts: str) -> bytes:
    """Return the digest under which attempts are stored, so that no address of a person is kept."""
    whole = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in parts)
    return hashlib.sha256(whole).digest()


@dataclass(frozen=True, slots=True)
class SignInRates:
    """How many sign-in attempts are allowed, by what is counted together."""

    pair: Rate
    address: Rate
    email: Rate


class SignInLimits:
    """Counts sign-in attempts before anything else is done for them."""

    def __init__(self, attempts: Attempts, rates: SignInRates) -> None:
        self._attempts = attempts
        self._rates = rates

    async def admit(self, email: str, client_address: str, *, device: str = "") -> Attempt:
        """Count an attempt for a normalised address; raise LoginRateLimited.

        `device` names a device that the account's owner has signed in with. It has its own limit, so that
        strangers who use up the limit of the e-mail address do not lock the owner out.
        """
        network = network_of(client_address)
        pair = Limit(key_of("login", email, network), self._rates.pair)
        by_email = Limit(
            key_of("login device", device) if device else key_of("login email", email), self._rates.email
        )
        limits = (pair, Limit(key_of("login address", network), self._rates.address), by_email)
        counted = await self._attempts.count(limits)
        if isinstance(counted, Full):
            message = _BY_EMAIL if counted.limit == by_email and not device else None
            raise LoginRateLimited(message, retry_after_seconds=counted.retry_after_seconds)
        return Attempt(counted, pair, by_email, limits)

    async def succeeded(self, attempt: Attempt) -> None:
        """Record that the password was right; a sign-in does this with the session that it opens."""
        await self._attempts.succeeded(attempt)

    async def not_checked(self, attempt: Attempt) -> None:
        """Forget an attempt that failed for a reason of ours; it revealed nothing about the password."""
        await self._attempts.take_back(attempt.counted, attempt.limits)


class RegisterLimits:
    """Counts registrations by network address."""

    #: For each allowed registration, this many tries: most are refused for a weak password. Too few, and
    #: people are locked out while they choose one; too many, and strangers make zxcvbn work for them.
    _TRIES = 10

    def __init__(self, attempts: Attempts, rate: Rate) -> None:
        self._attempts = attempts
        self._rate = rate

    async def admit(self, client_address: str) -> tuple[Counted, Limit]:
        """Count a registration; raise RegisterRateLimited."""
        network = network_of(client_address)
        limit = Limit(key_of("register", network), self._rate)
        tries = Limit(key_of("register tries", network), self._rate.times(self._TRIES))
        counted = await self._attempts.count((limit, tries))
        if isinstance(counted, Full):
            raise RegisterRateLimited(retry_after_seconds=counted.retry_after_seconds)
        return counted, limit

    async def refused(self, admitted: tuple[Counted, Limit]) -> None:
        """Take back a registration whose password was refused, so that a better one can be tried."""
        counted, limit = admitted
        await self._attempts.take_back(counted, (limit,))


class TokenLimits:
    """Counts the access tokens that an account creates: each is told by mail, also if it is soon deleted."""

    def __init__(self, attempts: Attempts, rate: Rate) -> None:
        self._attempts = attempts
        self._rate = rate

    async def admit(self, account: str) -> int:
        """Count a token; return 0, or after how many seconds the next one may be created."""
        counted = await self._attempts.count((Limit(key_of("access token", account), self._rate),))
        return counted.retry_after_seconds if isinstance(counted, Full) else 0


class MailLimits:
    """Counts mails that are requested without signing in, whether or not one is sent."""

    #: A client may request this many times the limit of one address, to any addresses. Too few, and people
    #: behind one shared address block each other; too many, and one client can send mail to many strangers.
    _BY_CLIENT = 10

    def __init__(self, attempts: Attempts, rate: Rate) -> None:
        self._attempts = attempts
        self._rate = rate

    async def admit(self, purpose: str, email: str, client_address: str) -> None:
        """Count a mail of this purpose to a normalised address; raise MailRateLimited."""
        by_client = self._rate.times(self._BY_CLIENT)
        counted = await self._attempts.count(
            (
                Limit(key_of("mail", purpose, email), self._rate),
                Limit(key_of("mail address", network_of(client_address)), by_client),
            )
        )
        if isinstance(counted, Full):
            raise MailRateLimited(retry_after_seconds=counted.retry_after_seconds)
