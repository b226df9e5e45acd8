"""Verifying tokens: EdDSA JWTs that the vault signs; each kind has its own keys and audience."""

import base64
import binascii
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
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


#: How long a token of a kind lives at most: the vault signs none for longer, and no service accepts one.
LONGEST_LIFE: Mapping[Kind, timedelta] = {
    Kind.SESSION: timedelta(days=30),
    Kind.PASSPORT: timedelta(minutes=5),
    #: That of a grant for webhooks' messages; the others live shorter.
    Kind.GRANT: timedelta(days=14),
    #: Auth runs exports and deletions itself and requests another token when one expires.
    Kind.EXPORT: timedelta(hours=24),
    Kind.ERASURE: timedelta(hours=24),
}
_HEADER = {"alg", "typ", "kid"}
_TEXTS = ("iss", "aud", "sub", "jti")
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

    def __init__(
        self,
        keys: KeySource,
        clock: Callable[[], float] | None = None,
        *,
        not_before: Callable[[Kind], float] | None = None,
    ) -> None:
        """`clock` gives the seconds since 1970 by which tokens expire; every service has its database's.

        A token that was signed before the second that `not_before` gives for its kind counts as expired.
        """
        self._keys = keys
        self._clock = clock or _machine_seconds
        self._not_before = not_before or _beginning
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
            # The signature cannot change; its times are checked each time below.
            self._verified[digest] = claims
        if claims["exp"] <= self._clock() or claims["iat"] < self._not_before(kind):
            self._verified.pop(digest, None)
            raise TokenExpired
        return claims

    async def _check(self, kind: Kind, token: str) -> dict[str, Any]:
        if not _is_canonical(token):
            raise Unauthenticated
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise Unauthenticated from None
        key_id = header.get("kid")
        if (
            header.keys() != _HEADER
            or header["alg"] != "EdDSA"
            or header["typ"] != f"{kind.value}+jwt"
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
                # PyJWT takes times that are texts or fractions, and goes by the machine's clock; `_is_timely`
                # does neither.
                options={"strict_aud": True, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            raise Unauthenticated from None
        if not (_is_whole(claims) and _is_timely(kind, claims, self._clock())):
            raise Unauthenticated
        return claims


def _is_canonical(token: str) -> bool:
    """Whether a token has the one spelling of its bytes: three parts of base64url without padding."""
    parts = token.split(".")
    return len(parts) == 3 and all(map(_is_one_spelling, parts))


def _is_one_spelling(part: str) -> bool:
    if not part.isascii():
        return False
    try:
        meant = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return False
    return base64.urlsafe_b64encode(meant).decode().rstrip("=") == part


def _is_whole(claims: Mapping[str, Any]) -> bool:
    # The vault signs no `nbf`, so a token that has one is not the vault's.
    return "nbf" not in claims and all(isinstance(claims.get(name), str) and claims[name] for name in _TEXTS)


def _is_timely(kind: Kind, claims: Mapping[str, Any], now: float) -> bool:
    issued, expires = claims.get("iat"), claims.get("exp")
    # `True` is an int, too.
    if type(issued) is not int or type(expires) is not int:
        return False
    longest = int(LONGEST_LIFE[kind].total_seconds())
    return 0 <= issued <= now + _SKEW_SECONDS and 0 < expires - issued <= longest


def _beginning(_: Kind) -> float:
    return 0.0


def _machine_seconds() -> float:
    return time.time()
