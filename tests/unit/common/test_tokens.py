"""Tokens: only our key, algorithm, type, issuer, audience and expiry; no header chooses a key."""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.common.errors import Unauthenticated
from services.common.tokens import KeySet, Kind, StaticKeys, TokenVerifier

KEYS = {kind: Ed25519PrivateKey.generate() for kind in Kind}
STRANGER = Ed25519PrivateKey.generate()
VERIFIER = TokenVerifier(
    StaticKeys(KeySet("ours", {(kind, f"{kind.value}-1"): key.public_key() for kind, key in KEYS.items()}))
)


def claims(kind: Kind = Kind.SESSION, **changes: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {"iss": "ours", "aud": f"smelt/{kind.value}", "sub": "a", "iat": now, "exp": now + 60, "jti": "1"}
    return {name: value for name, value in (good | changes).items() if value is not None}


def token(
    kind: Kind = Kind.SESSION, key: Any = None, header: dict[str, Any] | None = None, **changes: Any
) -> str:
    headers = {"typ": f"{kind.value}+jwt", "kid": f"{kind.value}-1"} | (header or {})
    algorithm = headers.pop("alg", "EdDSA")
    headers = {name: value for name, value in headers.items() if value is not None}
    return jwt.encode(claims(kind, **changes), key or KEYS[kind], algorithm=algorithm, headers=headers)


def by_hand(header: dict[str, Any], body: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(body).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


@pytest.mark.parametrize("kind", list(Kind))
async def test_a_right_token_is_taken(kind: Kind) -> None:
    assert (await VERIFIER.verify(kind, token(kind)))["sub"] == "a"


PUBLIC_PEM = (
    KEYS[Kind.SESSION]
    .public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
)
GOOD_HEADER = {"alg": "EdDSA", "typ": "session+jwt", "kid": "session-1"}
FORGED = {
    "empty": "",
    "not a token": "abc",
    "dots": "..",
    "random": "a.b.c",
    "long": "a" * 10_000,
    "not ASCII": "\ud800.é.b",
    "algorithm none": by_hand(GOOD_HEADER | {"alg": "none"}, claims()),
    "algorithm None": by_hand(GOOD_HEADER | {"alg": "None"}, claims()),
    "algorithm nOnE": by_hand(GOOD_HEADER | {"alg": "nOnE"}, claims()),
    "no signature": by_hand(GOOD_HEADER, claims()),
    "HMAC with our public key": by_hand(GOOD_HEADER | {"alg": "HS256"}, claims(), b"x" * 32),
    "stranger's key": token(key=STRANGER),
    "stranger's key by jwk": token(key=STRANGER, header={"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AA"}}),
    "stranger's key by jku": token(key=STRANGER, header={"jku": "https://evil.example/keys"}),
    "stranger's key by x5u": token(key=STRANGER, header={"x5u": "https://evil.example/cert"}),
    "kid is a path": token(header={"kid": "../../dev/null"}),
    "kid is SQL": token(header={"kid": "' OR 1=1--"}),
    "kid of another kind": token(header={"kid": "grant-1"}),
    "kid is long": token(header={"kid": "k" * 5000}),
    "kid is a list": by_hand(GOOD_HEADER | {"kid": ["session-1"]}, claims(), b"x" * 64),
    "no kid": token(header={"kid": None}),
    "no type": token(header={"typ": "JWT"}),
    "a passport": token(Kind.PASSPORT),
    "a grant": token(Kind.GRANT),
    "our key, typed as another": token(Kind.GRANT, header={"typ": "session+jwt"}),
    "wrong issuer": token(iss="theirs"),
    "no issuer": token(iss=None),
    "wrong audience": token(aud="smelt/passport"),
    "audience is a list": token(aud=["smelt/session", "smelt/passport"]),
    "no audience": token(aud=None),
    "no expiry": token(exp=None),
    "expired": token(exp=int(time.time()) - 1),
    "expiry is text": token(exp="never"),
    "no subject": token(sub=None),
    "no id": token(jti=None),
    "no issue time": token(iat=None),
    "not yet": token(nbf=int(time.time()) + 600),
}


@pytest.mark.promise("S26")
@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
async def test_anything_else_is_refused(forged: str) -> None:
    with pytest.raises(Unauthenticated) as refused:
        await VERIFIER.verify(Kind.SESSION, forged)
    assert str(refused.value) == Unauthenticated.message


@pytest.mark.promise("S26")
async def test_a_changed_letter_is_noticed_also_after_a_right_token_was_seen() -> None:
    good = token()
    await VERIFIER.verify(Kind.SESSION, good)
    for place in range(0, len(good), 7):
        changed = good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :]
        with pytest.raises(Unauthenticated):
            await VERIFIER.verify(Kind.SESSION, changed)


@pytest.mark.promise("S26")
async def test_times_are_those_of_the_clock_that_was_given_and_not_the_machines() -> None:
    seconds = [time.time() + 3600]
    keys = {(kind, f"{kind.value}-1"): key.public_key() for kind, key in KEYS.items()}
    verifier = TokenVerifier(StaticKeys(KeySet("ours", keys)), lambda: seconds[0])
    now = int(seconds[0])
    good = token(iat=now, exp=now + 60)
    assert await verifier.verify(Kind.SESSION, good)
    with pytest.raises(Unauthenticated):
        await verifier.verify(Kind.SESSION, token())
    with pytest.raises(Unauthenticated):
        await verifier.verify(Kind.SESSION, token(iat=now + 600, exp=now + 660))
    seconds[0] += 61
    with pytest.raises(Unauthenticated):
        await verifier.verify(Kind.SESSION, good)


async def test_a_token_seen_before_still_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    good = token()
    await VERIFIER.verify(Kind.SESSION, good)
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(Unauthenticated):
        await VERIFIER.verify(Kind.SESSION, good)
