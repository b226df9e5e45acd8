"""Tokens: the claims of each kind, the longest lifetimes, and the signature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.common.tokens import LONGEST_LIFE, KeySet, Kind

GRANT_LIFE: Mapping[str, timedelta] = {
    "job": timedelta(days=7),
    "template-test": timedelta(minutes=10),
    "key-test": timedelta(minutes=10),
    "webhook": LONGEST_LIFE[Kind.GRANT],
}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key pair for one kind of token. An inactive one only verifies."""

    kind: Kind
    id: str
    private: Ed25519PrivateKey = field(repr=False)
    active: bool = True

    @property
    def public(self) -> Ed25519PublicKey:
        return self.private.public_key()


@dataclass(frozen=True, slots=True)
class SessionClaims:
    """A session of an account."""

    account: str
    session: str


@dataclass(frozen=True, slots=True)
class PassportClaims:
    """A person who is signed in, and the scopes of the session."""

    account: str
    session: str
    scopes: tuple[str, ...]
    #: The generation of the account's access; 0 leaves the claim out.
    generation: int = 0


@dataclass(frozen=True, slots=True)
class GrantClaims:
    """Permission to work for an account; names are resource names or empty."""

    purpose: str
    account: str
    job: str
    file: str
    parse: int
    api_key: str
    first_row: int
    last_row: int
    template_count: int
    release_budget: int
    economy: bool = False


@dataclass(frozen=True, slots=True)
class ExportClaims:
    """Permission to export an account's data and to write its archive."""

    account: str
    export: str


@dataclass(frozen=True, slots=True)
class ErasureClaims:
    """Permission to erase an account's data."""

    account: str


Claims = SessionClaims | PassportClaims | GrantClaims | ExportClaims | ErasureClaims


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A token, its id and its expiry time."""

    token: str = field(repr=False)
    id: str
    expires: datetime


class TokenSigner:
    """Signs tokens as one issuer, each kind with its own key pair."""

    def __init__(self, issuer: str, keys: Sequence[SigningKey]) -> None:
        self.issuer = issuer
        self.keys = tuple(keys)
        self._active = {key.kind: key for key in keys if key.active}

    def sign(self, claims: Claims, lifetime: timedelta, *, now: datetime, token_id: str) -> SignedToken:
        """Return the token; it lives for `lifetime`, or as long as its kind allows if that is shorter."""
        kind, says = _described(claims)
        longest = GRANT_LIFE[claims.purpose] if isinstance(claims, GrantClaims) else LONGEST_LIFE[kind]
        expires = (now + min(lifetime, longest)).replace(microsecond=0)
        key = self._active[kind]
        token = jwt.encode(
            {
                "iss": self.issuer,
                "aud": f"smelt/{kind.value}",
                "sub": claims.account,
                "iat": int(now.timestamp()),
                "exp": int(expires.timestamp()),
                "jti": token_id,
                **says,
            },
            key.private,
            algorithm="EdDSA",
            headers={"typ": f"{kind.value}+jwt", "kid": key.id},
        )
        return SignedToken(token, token_id, expires)

    def verification_keys(self) -> KeySet:
        """Return the public keys of all accepted keys."""
        return KeySet(self.issuer, {(key.kind, key.id): key.public for key in self.keys})


def _described(claims: Claims) -> tuple[Kind, dict[str, Any]]:
    if isinstance(claims, SessionClaims):
        return Kind.SESSION, {"sid": claims.session}
    if isinstance(claims, PassportClaims):
        says: dict[str, Any] = {"sid": claims.session, "scopes": list(claims.scopes)}
        if claims.generation:
            says["generation"] = claims.generation
        return Kind.PASSPORT, says
    if isinstance(claims, ExportClaims):
        return Kind.EXPORT, {"export": claims.export}
    if isinstance(claims, ErasureClaims):
        return Kind.ERASURE, {}
    granted: dict[str, Any] = {
        "purpose": claims.purpose,
        "job": claims.job,
        "file": claims.file,
        "parse": claims.parse,
        "api_key": claims.api_key,
        "first_row": claims.first_row,
        "last_row": claims.last_row,
        "template_count": claims.template_count,
        "release_budget": claims.release_budget,
    }
    if claims.economy:
        granted["economy"] = True
    return Kind.GRANT, granted
