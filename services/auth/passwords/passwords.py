"""Passwords: their length, how they are stored, and a check that always takes the same work.

A password is stored as bcrypt, cost 12, over base64(HMAC-SHA-384(pepper, SHA-384(UTF-8))). The pepper
stays in the vault. The 64 characters of the code fit into bcrypt's 72 bytes, so nothing is cut off.
"""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import bcrypt

from services.common.errors import DomainError, Kind, Unavailable

SHORTEST = 12
LONGEST = 256
COST = 12
#: Names the way in which a stored hash was made; a later scheme must get a new name.
SCHEME = "bcrypt12-hmac-sha384"


class PasswordTooShort(DomainError):
    """The password has fewer than 12 characters."""

    reason = "PASSWORD_TOO_SHORT"
    kind = Kind.INVALID
    message = f"A password must have at least {SHORTEST} characters"

    def __init__(self, field: str = "password") -> None:
        super().__init__(violations=[(field, f"must have at least {SHORTEST} characters")])


class PasswordTooLong(DomainError):
    """The password has more than 256 characters."""

    reason = "PASSWORD_TOO_LONG"
    kind = Kind.INVALID
    message = f"A password can have at most {LONGEST} characters"

    def __init__(self, field: str = "password") -> None:
        super().__init__(violations=[(field, f"must have at most {LONGEST} characters")])


@dataclass(frozen=True, slots=True)
class StoredPassword:
    """The stored form of a password."""

    scheme: str
    pepper_id: str
    hash: str = field(repr=False)


#: Compared with when there is no account, so that the answer takes just as long. It is the hash of random
#: bytes that were not kept; an empty pepper id means the current one.
NOBODY = StoredPassword(SCHEME, "", "$2b$12$hH3X1U3G3hky.0aSRcpQWeGUAVym3ehUhMT5680GjRLHhrN7YLuWy")


@dataclass(frozen=True, slots=True)
class Code:
    """HMAC-SHA-384 of a digest, 48 bytes, the pepper it was made with, and the pepper of new codes."""

    mac: bytes = field(repr=False)
    pepper_id: str
    current_pepper_id: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a password is right, and whether it is stored under an older scheme or pepper than new ones."""

    right: bool
    outdated: bool


class Pepper(Protocol):
    """Computes codes with a key that only the vault has."""

    async def mac(self, digest: bytes, pepper_id: str) -> Code:
        """Return the code of a 48-byte digest; an empty pepper id means the current pepper."""
        ...


class Threads(Protocol):
    """Runs slow work beside the event loop."""

    def check_room(self) -> None:
        """Raise Unavailable if too much work is waiting."""
        ...

    async def run(self, work: Callable[[], bytes]) -> bytes:
        """Return what `work` returns; raise Unavailable if too much work is waiting."""
        ...


def check_length(password: str, field: str = "password") -> None:
    """Raise PasswordTooShort or PasswordTooLong, naming the field; lengths count code points."""
    if len(password) < SHORTEST:
        raise PasswordTooShort(field)
    if len(password) > LONGEST:
        raise PasswordTooLong(field)


@dataclass(frozen=True, slots=True)
class Scheme:
    """A way to store passwords.

    `hash` turns a code into what is stored; `repeat` does the same work with a code and a stored hash, and
    returns what equals that hash if the password is right.
    """

    name: str
    hash: Callable[[bytes], bytes]
    repeat: Callable[[bytes, bytes], bytes]


def schemes(hashpw: Callable[[bytes, bytes], bytes] = bcrypt.hashpw) -> tuple[Scheme, ...]:
    """Return the schemes, with this function as bcrypt.

    The scheme of new passwords comes first. Passwords of the others can be checked, and are replaced at the
    next sign-in.
    """
    return (Scheme(SCHEME, lambda code: hashpw(code, bcrypt.gensalt(COST)), hashpw),)


class Passwords:
    """Makes and checks the stored form of passwords."""

    def __init__(self, pepper: Pepper, threads: Threads, known: Sequence[Scheme] | None = None) -> None:
        known = known or schemes()
        self._pepper = pepper
        self._threads = threads
        self._current = known[0]
        self._schemes = {scheme.name: scheme for scheme in known}

    def check_room(self) -> None:
        """Raise Unavailable if another password would be refused because too many are waiting."""
        self._threads.check_room()

    async def store(self, password: str) -> StoredPassword:
        """Return the form of a password to store."""
        code = await self._code(password, "")
        hashed = await self._threads.run(lambda: self._current.hash(_text(code)))
        return StoredPassword(self._current.name, code.pepper_id, hashed.decode("ascii"))

    async def check(self, password: str, stored: StoredPassword | None) -> Checked:
        """Compare a password with the stored one; without a stored one, do the same work and answer no.

        The vault is asked once. A right password that is outdated should be stored again.
        """
        against = stored or NOBODY
        scheme = self._schemes.get(against.scheme)
        if scheme is None:
            # Stored by a later version: this one cannot tell whether the password is right.
            raise Unavailable
        code = await self._code(password, against.pepper_id)
        kept = against.hash.encode("ascii")
        hashed = await self._threads.run(lambda: scheme.repeat(_text(code), kept))
        outdated = scheme.name != self._current.name or code.pepper_id != code.current_pepper_id
        # Both sides are hashes, so how far they agree reveals nothing about the password.
        return Checked(hashed == kept and stored is not None, outdated)

    async def _code(self, password: str, pepper_id: str) -> Code:
        # No Unicode normalisation: a password is exactly the characters that were typed.
        return await self._pepper.mac(hashlib.sha384(password.encode("utf-8")).digest(), pepper_id)


def _text(code: Code) -> bytes:
    return base64.b64encode(code.mac)
