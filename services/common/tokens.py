"""Verifying tokens: EdDSA JWTs that the vault signs; each kind has its own keys and audience."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.common.errors import Unauthenticated


class Kind(Enum):
    """The kinds of tokens; the value is the `typ` header without `+jwt` and the audience's last part."""

    SESSION = "session"
    PASSPORT = "passport"
    GRANT = "grant"
    EXPORT = "export"
    ERASURE = "erasure"


_REQUIRED = ["iss", "aud", "sub", "iat", "exp", "jti"]
_LONGEST_TOKEN = 8192
#: How far the vault's clock may be ahead of a service's. Less, and new tokens are refused for a while; more
#: lengthens what a token may live by as much.
_SKEW_SECONDS = 60
_CACHED_TOKENS = 10_000


class TokenExpired(Unauthenticated):
    """The token has expired; the caller sees the same answer as for any other invalid token."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """The public keys that are accepted now, and the issuer that signs with them."""

    issuer: str
    keys: Mapping[tuple[Kind, str], Ed25519PublicKey] = field(default_factory=dict)


class KeySource(Protocol):
    """Provides the public keys."""

    async def current(self, *, newer: bool = False) -> KeySet:
        """Return the keys; with `newer`, ask again when the last answer is older than a moment."""
        ...


@dataclass(frozen=True, slots=True)
class StaticKeys:
    """Keys that are known already: the vault's own, or a test's."""

    keys: KeySet

    async def current(self, *, newer: bool = False) -> KeySet:
        return self.keys


class TokenVerifier:
    """Accepts only tokens with the right key, algorithm, type, issuer and audience that have not expired."""

    def __init__(self, keys: KeySource, clock: Callable[[], float] | None = None) -> None:
        """`clock` gives the seconds since 1970 by which tokens expire; every service has its database's."""
        self._keys = keys
        self._clock = clock or _machine_seconds
        self._verified: dict[bytes, dict[str, Any]] = {}

    async def verify(self, kind: Kind, token: str) -> dict[str, Any]:
        """Return the claims of a token of this kind; raise Unauthenticated (TokenExpired) otherwise."""
        if not token or len(token) > _LONGEST_TOKEN:
            raise Unauthenticated
        digest = hashlib.sha256(f"{kind.value}:{token}".encode("utf-8", "surrogatepass")).digest()
        claims = self._verified.get(digest)
        if claims is None:
            claims = await self._check(kind, token)
            if len(self._verified) >= _CACHED_TOKENS:
                self._verified.clear()
            # The signature cannot change; the expiry is checked each time below.
            self._verified[digest] = claims
        if claims["exp"] <= self._clock():
            self._verified.pop(digest, None)
            raise TokenExpired
        return claims

    async def _check(self, kind: Kind, token: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise Unauthenticated from None
        key_id = header.get("kid")
        if (
            header.get("alg") != "EdDSA"
            or header.get("typ") != f"{kind.value}+jwt"
            or not isinstance(key_id, str)
        ):
            raise Unauthenticated
        keys = await self._keys.current()
        key = keys.keys.get((kind, key_id))
        if key is None:
            keys = await self._keys.current(newer=True)
            key = keys.keys.get((kind, key_id))
        if key is None:
            raise Unauthenticated
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["EdDSA"],
                audience=f"smelt/{kind.value}",
                issuer=keys.issuer,
                # Times are compared with our clock, not with the machine's.
                options={
                    "require": _REQUIRED,
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise Unauthenticated from None
        if type(claims["exp"]) is not int or type(claims["iat"]) is not int:
            raise Unauthenticated
        if "nbf" in claims or claims["iat"] > self._clock() + _SKEW_SECONDS:
            raise Unauthenticated
        return claims


def _machine_seconds() -> float:
    return time.time()
