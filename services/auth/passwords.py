"""Passwords: how long they are, how they are stored, and that checking one always costs the same.

A password is stored as bcrypt, cost 12, over base64(HMAC-SHA-384(pepper, SHA-384(UTF-8))). The pepper
stays in the vault. The 64 characters of the code fit into bcrypt's 72 bytes, so nothing is cut off.
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import bcrypt

from services.common.errors import DomainError, Kind

SHORTEST = 12
LONGEST = 256
COST = 12
#: How the hash beside it was made; a successor gets a name of its own.
SCHEME = "bcrypt12-hmac-sha384"


class PasswordTooShort(DomainError):
    """Shorter than 12 characters."""

    reason = "PASSWORD_TOO_SHORT"
    kind = Kind.INVALID
    message = f"A password has at least {SHORTEST} characters"

    def __init__(self) -> None:
        super().__init__(violations=[("password", f"must have at least {SHORTEST} characters")])


class PasswordTooLong(DomainError):
    """Longer than 256 characters."""

    reason = "PASSWORD_TOO_LONG"
    kind = Kind.INVALID
    message = f"A password has at most {LONGEST} characters"

    def __init__(self) -> None:
        super().__init__(violations=[("password", f"must have at most {LONGEST} characters")])


@dataclass(frozen=True, slots=True)
class StoredPassword:
    """What is kept of a password."""

    scheme: str
    pepper_id: str
    hash: str = field(repr=False)


#: Burned when there is no account, so that the answer takes as long. It is the hash of random bytes
#: that nobody kept; an empty pepper id means the current one.
NOBODY = StoredPassword(SCHEME, "", "$2b$12$hH3X1U3G3hky.0aSRcpQWeGUAVym3ehUhMT5680GjRLHhrN7YLuWy")


@dataclass(frozen=True, slots=True)
class Code:
    """HMAC-SHA-384 of a digest, 48 bytes, and the pepper it was made with."""

    mac: bytes = field(repr=False)
    pepper_id: str


class Pepper(Protocol):
    """Makes codes with a key that is not here."""

    async def mac(self, digest: bytes, pepper_id: str) -> Code:
        """Return the code of a 48-byte digest; an empty pepper id means the current pepper."""
        ...


class Threads(Protocol):
    """Where slow work runs beside the event loop."""

    async def run(self, work: Callable[[], bytes]) -> bytes:
        """Return what `work` returns; raise Unavailable when too much of it waits."""
        ...


def check_length(password: str) -> None:
    """Raise PasswordTooShort or PasswordTooLong; lengths count code points."""
    if len(password) < SHORTEST:
        raise PasswordTooShort
    if len(password) > LONGEST:
        raise PasswordTooLong


class Passwords:
    """Makes and checks what is stored of passwords."""

    def __init__(self, pepper: Pepper, threads: Threads) -> None:
        self._pepper = pepper
        self._threads = threads

    async def store(self, password: str) -> StoredPassword:
        """Return what to keep of a password."""
        code = await self._code(password, "")
        hashed = await self._threads.run(lambda: bcrypt.hashpw(_text(code), bcrypt.gensalt(COST)))
        return StoredPassword(SCHEME, code.pepper_id, hashed.decode("ascii"))

    async def matches(self, password: str, stored: StoredPassword | None) -> bool:
        """Return whether the password is the stored one; without one, do the same work and say no."""
        against = stored or NOBODY
        code = await self._code(password, against.pepper_id)
        salt = against.hash.encode("ascii")
        hashed = await self._threads.run(lambda: bcrypt.hashpw(_text(code), salt))
        # Both sides are bcrypt hashes: how far they agree tells nothing of the password.
        return hashed == salt and stored is not None

    async def _code(self, password: str, pepper_id: str) -> Code:
        # No Unicode normalisation: a password is the characters that were typed.
        return await self._pepper.mac(hashlib.sha384(password.encode("utf-8")).digest(), pepper_id)


def _text(code: Code) -> bytes:
    return base64.b64encode(code.mac)
