"""Limits of signing in, registering and asking for mail: how many attempts in which time, and of whom.

What is counted are the last attempts themselves, each with its time by the database's clock. An attempt
is admitted when fewer than the limit lie within the period that ends now, wherever that period lies: there
is no edge at which a counter begins anew and lets twice the limit pass.
"""

import hashlib
import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, Self

from services.common.errors import DomainError, Kind

_RATE = re.compile(r"([1-9]\d{0,5})/([1-9]\d{0,4})([smhd])\Z")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
#: An allocation that one customer of a provider gets at least (RFC 6177): single addresses of it are free.
_IPV6_PREFIX = 64


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in such a time; `5/15m` reads as five in fifteen minutes."""

    most: int
    period: timedelta

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the rate that `5/15m` stands for, with s, m, h or d; raise ValueError."""
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
        """Return so many times as many, in a period so many times as long."""
        return Rate(self.most * more, self.period * longer)


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate for one thing that is counted; `key` tells nobody who that is."""

    key: bytes
    rate: Rate


@dataclass(frozen=True, slots=True)
class Counted:
    """An attempt that was admitted, and its time under each key: what has to be known to take it back."""

    times: Mapping[bytes, datetime]


@dataclass(frozen=True, slots=True)
class Full:
    """The limit that had no room, and when the next attempt may come."""

    limit: Limit
    retry_after_seconds: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to sign in that was admitted.

    A right password clears the pair's attempts, and takes this one back under the limit of the e-mail
    address, where only failures count. Earlier failures stay there: they may be a stranger's, who would
    begin anew each time the owner signs in.
    """

    counted: Counted
    pair: Limit
    by_email: Limit
    limits: tuple[Limit, ...]


class Attempts(Protocol):
    """Where attempts are counted, for all replicas."""

    async def count(self, limits: Sequence[Limit]) -> Counted | Full:
        """Count one attempt under all limits at once, or under none when one of them has no room."""
        ...

    async def take_back(self, counted: Counted, limits: Sequence[Limit]) -> None:
        """Forget one attempt, which turned out not to be of the kind that is limited."""
        ...

    async def succeeded(self, attempt: Attempt) -> None:
        """Forget what a right password forgives."""
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
    """Return what stands for the parts in the database: the addresses of people who failed are not kept."""
    whole = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in parts)
    return hashlib.sha256(whole).digest()


def network_of(client_address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 of an IPv6 address.

    Without an address, or with one that is none, all such clients are one.
    """
    try:
        address = ipaddress.ip_address(client_address)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), _IPV6_PREFIX), strict=False))


@dataclass(frozen=True, slots=True)
class SignInRates:
    """How often one may try to sign in, by what is counted together."""

    pair: Rate
    address: Rate
    email: Rate


class SignInLimits:
    """Counts attempts to sign in before anything else is done for them."""

    def __init__(self, attempts: Attempts, rates: SignInRates) -> None:
        self._attempts = attempts
        self._rates = rates

    async def admit(self, email: str, client_address: str, *, device: str = "") -> Attempt:
        """Count an attempt for a normalised address; raise LoginRateLimited.

        `device` names a device that the account's owner has signed in with. It has a cap of its own, so
        that strangers who use up the one of the e-mail address do not keep the owner out.
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
        """Forget what a right password forgives; a sign-in does so with the session that it opens."""
        await self._attempts.succeeded(attempt)

    async def not_checked(self, attempt: Attempt) -> None:
        """Forget an attempt whose password could not be looked at; it has told nobody anything."""
        await self._attempts.take_back(attempt.counted, attempt.limits)


class RegisterLimits:
    """Counts registrations by network address."""

    #: Passwords may be refused so many times as often as accounts may be made.
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
        """Take a registration back whose password was refused: its owner is about to try a better one."""
        counted, limit = admitted
        await self._attempts.take_back(counted, (limit,))


class MailLimits:
    """Counts mails that are asked for by people who are not signed in, whether or not one is sent."""

    #: One client may ask for so many times as many mails, to whatever addresses.
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
