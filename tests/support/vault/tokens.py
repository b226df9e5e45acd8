"""Tokens as the vault signs them, with a key pair for each kind, and as nobody should sign them."""

import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.common.ids import new_id
from services.common.tokens import LONGEST_LIFE, KeySet, Kind, StaticKeys, TokenVerifier

ISSUER = "installation-of-the-tests"
_HOUR = 3600


class Tokens:
    """Signs as one issuer; `keys` has the key pair of each kind by its name, with the id `{kind}-1`."""

    def __init__(self) -> None:
        self.keys = {kind.value: Ed25519PrivateKey.generate() for kind in Kind}
        self.public = {(kind, f"{kind.value}-1"): self.keys[kind.value].public_key() for kind in Kind}
        self.verifier = TokenVerifier(StaticKeys(KeySet(ISSUER, self.public)))

    def token(
        self,
        kind: str,
        claims: dict[str, Any],
        *,
        headers: dict[str, Any] | None = None,
        key: Any = None,
        algorithm: str = "EdDSA",
    ) -> str:
        """Return a token that lives an hour, if its kind may, right in everything that the arguments do not
        change. A claim that is None is left out.
        """
        now = int(time.time())
        said = {
            "iss": ISSUER,
            "aud": f"smelt/{kind}",
            "iat": now,
            "exp": now + min(_HOUR, int(LONGEST_LIFE[Kind(kind)].total_seconds())),
            "jti": new_id(),
            **claims,
        }
        return jwt.encode(
            {name: value for name, value in said.items() if value is not None},
            self.keys[kind] if key is None else key,
            algorithm=algorithm,
            headers={"typ": f"{kind}+jwt", "kid": f"{kind}-1", **(headers or {})},
        )

    def passport(self, account: str, *, generation: int = 0) -> str:
        """Return the passport of a person who is signed in."""
        return self.token(
            "passport",
            {
                "sub": account,
                "sid": f"session{account}",
                "scopes": ["read", "write"],
                "generation": generation or None,
            },
        )

    def grant(self, account: str, **claims: Any) -> str:
        """Return a grant of one call; names that are not given are empty."""
        one_call = {
            "purpose": "job",
            "job": "",
            "file": "",
            "parse": 1,
            "api_key": "",
            "first_row": 1,
            "last_row": 1,
            "template_count": 1,
            "release_budget": 1,
        }
        return self.token("grant", {"sub": account, **one_call, **claims})
