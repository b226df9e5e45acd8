"""Verifying tokens: EdDSA JWTs of the vault, each kind with keys and an audience of its own."""

import asyncio
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

import grpc
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from smelt.vault.v1 import signing_pb2, signing_pb2_grpc

from services.common.errors import Unauthenticated
from services.common.grpc_errors import error_from_rpc


class Kind(Enum):
    """The kinds of tokens; the value is the `typ` header without `+jwt` and the audience's last part."""

    SESSION = "session"
    PASSPORT = "passport"
    GRANT = "grant"
    EXPORT = "export"
    ERASURE = "erasure"


_WIRE_KINDS = {
    signing_pb2.SESSION: Kind.SESSION,
    signing_pb2.PASSPORT: Kind.PASSPORT,
    signing_pb2.GRANT: Kind.GRANT,
    signing_pb2.EXPORT: Kind.EXPORT,
    signing_pb2.ERASURE: Kind.ERASURE,
}
_REQUIRED = ["iss", "aud", "sub", "iat", "exp", "jti"]
_LONGEST_TOKEN = 8192
_CACHED_TOKENS = 10_000


class TokenExpired(Unauthenticated):
    """A token of ours whose time is over; on the wire like any other that is not taken."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """The public keys that are accepted now, and who signs with them."""

    issuer: str
    keys: Mapping[tuple[Kind, str], Ed25519PublicKey] = field(default_factory=dict)


class KeySource(Protocol):
    """Where public keys come from."""

    async def current(self, *, newer: bool = False) -> KeySet:
        """Return the keys; with `newer`, ask again when the last answer is older than a moment."""
        ...


@dataclass(frozen=True, slots=True)
class StaticKeys:
    """Keys that are at hand: the vault's own, or a test's."""

    keys: KeySet

    async def current(self, *, newer: bool = False) -> KeySet:
        return self.keys


class VaultKeys:
    """Keys asked of the vault: kept for 5 minutes, asked anew for an unknown key id at most every 5 s."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = signing_pb2_grpc.SigningServiceStub(channel)
        self._keys: KeySet | None = None
        self._answered = 0.0
        self._failed = 0.0
        self._lock = asyncio.Lock()

    async def current(self, *, newer: bool = False) -> KeySet:
        async with self._lock:
            age = time.monotonic() - self._answered
            pause_over = time.monotonic() - self._failed > 5
            if self._keys is None or (pause_over and (age > 300 or (newer and age > 5))):
                try:
                    answer = await self._stub.GetVerificationKeys(
                        signing_pb2.GetVerificationKeysRequest(), timeout=5
                    )
                except grpc.aio.AioRpcError as error:
                    # Keys that were right a while ago stay right while the vault restarts.
                    if self._keys is None:
                        raise error_from_rpc(error) from None
                    self._failed = time.monotonic()
                    return self._keys
                self._keys = KeySet(
                    issuer=answer.issuer,
                    keys={
                        (_WIRE_KINDS[key.kind], key.key_id): Ed25519PublicKey.from_public_bytes(
                            key.public_key
                        )
                        for key in answer.keys
                        if key.kind in _WIRE_KINDS
                    },
                )
                self._answered = time.monotonic()
            return self._keys


class TokenVerifier:
    """Takes only tokens with our key, algorithm, type, issuer, audience and expiry."""

    def __init__(self, keys: KeySource) -> None:
        self._keys = keys
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
            # The signature cannot change; the expiry is asked each time below.
            self._verified[digest] = claims
        if claims["exp"] <= time.time():
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
                options={"require": _REQUIRED, "strict_aud": True},
            )
        except jwt.ExpiredSignatureError:
            # PyJWT looks at the signature first.
            raise TokenExpired from None
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise Unauthenticated from None
        return claims
