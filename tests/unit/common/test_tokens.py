"""Tokens: only our key, algorithm, type, issuer, audience and expiry; no header chooses a key."""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.common import identity
from services.common.errors import Unauthenticated
from services.common.tokens import LONGEST_LIFE, KeySet, Kind, StaticKeys, TokenVerifier

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


def by_hand_signed(*, whole: Any = ..., **changes: Any) -> str:
    """Return a token of ours with claims that PyJWT would not sign."""
    said = claims() | changes if whole is ... else whole
    unsigned = by_hand(GOOD_HEADER, said).rpartition(".")[0]
    signature = KEYS[Kind.SESSION].sign(unsigned.encode())
    return f"{unsigned}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def padded(text: str) -> str:
    """Return the same token with the padding that its claims would have."""
    header, body, signature = text.split(".")
    return ".".join((header, body + "=" * (-len(body) % 4 or 4), signature))


def other_last_bits(text: str) -> str:
    """Return another spelling of the same bytes: four bits of the last letter stand for nothing."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + letters[letters.index(text[-1]) ^ 1]


GOOD_HEADER = {"alg": "EdDSA", "typ": "session+jwt", "kid": "session-1"}


@pytest.mark.parametrize("kind", list(Kind))
async def test_a_right_token_is_taken(kind: Kind) -> None:
    assert (await VERIFIER.verify(kind, token(kind)))["sub"] == "a"


PUBLIC_PEM = (
    KEYS[Kind.SESSION]
    .public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
)
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
    "expiry is a number in text": by_hand_signed(exp=str(int(time.time()) + 60)),
    "expiry is a fraction": by_hand_signed(exp=time.time() + 60),
    "expiry is infinite": by_hand_signed(exp=float("inf")),
    "expiry is not a number": by_hand_signed(exp=float("nan")),
    "expiry is negative": by_hand_signed(exp=-1),
    "expiry is true": by_hand_signed(exp=True),
    "expiry is a list": by_hand_signed(exp=[int(time.time()) + 60]),
    "expiry is an object": by_hand_signed(exp={}),
    "expiry is huge": by_hand_signed(exp=10**400),
    "expiry is ten years away": token(exp=int(time.time()) + 10 * 365 * 86400),
    "lives longer than its kind": token(iat=int(time.time()), exp=int(time.time()) + 30 * 86400 + 2),
    "expires before it is issued": token(iat=int(time.time()) + 50, exp=int(time.time()) + 40),
    "issued far ahead": token(iat=int(time.time()) + 3600, exp=int(time.time()) + 3660),
    "issue time is text": by_hand_signed(iat=str(int(time.time()))),
    "issue time is a fraction": by_hand_signed(iat=time.time()),
    "issue time is negative": token(iat=-1),
    "subject is a number": by_hand_signed(sub=5),
    "subject is empty": token(sub=""),
    "id is a list": by_hand_signed(jti=["1"]),
    "issuer is a list": by_hand_signed(iss=["ours"]),
    "not before, as text": by_hand_signed(nbf="never"),
    "valid already": token(nbf=int(time.time()) - 600),
    "claims are a list": by_hand_signed(whole=[]),
    "claims are nothing": by_hand_signed(whole=None),
    "one padding": token() + "=",
    "padding": token() + "==",
    "padding of the claims": padded(token()),
    "another alphabet": token() + "+",
    "white space": token() + "\n",
    "four parts": token() + ".",
    "last bits": other_last_bits(token()),
    "a header of its own": token(header={"x": "y"}),
    "critical": token(header={"crit": ["exp"]}),
    "detached": token(header={"b64": False}),
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


@pytest.mark.parametrize("kind", list(Kind))
async def test_a_token_of_the_longest_life_is_taken_and_no_longer_one(kind: Kind) -> None:
    now, longest = int(time.time()), int(LONGEST_LIFE[kind].total_seconds())
    assert await VERIFIER.verify(kind, token(kind, iat=now, exp=now + longest))
    with pytest.raises(Unauthenticated):
        await VERIFIER.verify(kind, token(kind, iat=now, exp=now + longest + 1))


GRANT = {
    "jti": "1", "purpose": "job", "sub": "a", "job": "jobs/1", "file": "files/1", "parse": 1,
    "api_key": "apiKeys/1", "first_row": 1, "last_row": 1, "template_count": 1, "release_budget": 1, "exp": 1,
}  # fmt: skip
WRONG: tuple[Any, ...] = (None, True, 1.5, [], {}, ["a"], "\0", "\ud800", "é", "1", -1, 2**63, 10**400)


@pytest.mark.promise("S26")
@pytest.mark.parametrize("name", GRANT)
def test_each_claim_of_a_grant_has_its_type(name: str) -> None:
    assert identity.grant_from(GRANT, "token")
    for wrong in WRONG:
        if not (isinstance(wrong, str) and isinstance(GRANT[name], str) and wrong == "1"):
            with pytest.raises(Unauthenticated):
                identity.grant_from(GRANT | {name: wrong}, "token")


@pytest.mark.promise("S26")
@pytest.mark.parametrize(
    "scopes", [*(each for each in WRONG if each not in ([], ["a"])), ["read", 1], [["read"]]]
)
def test_scopes_are_a_list_of_texts(scopes: Any) -> None:
    with pytest.raises(Unauthenticated):
        identity.passport_from({"sub": "a", "sid": "s", "scopes": scopes}, "token")


@pytest.mark.promise("S26")
@pytest.mark.parametrize("wrong", [None, 5, True, ["a"], {}, "\0", "\ud800"])
def test_each_claim_of_the_other_tokens_is_text(wrong: Any) -> None:
    whole: dict[str, Any] = {"sub": "a", "sid": "s", "scopes": [], "export": "dataExports/1"}
    makers = {
        identity.passport_from: ("sub", "sid"),
        identity.export_from: ("sub", "export"),
        identity.erasure_from: ("sub",),
    }
    for make, names in makers.items():
        assert make(whole, "token")
        for name in names:
            with pytest.raises(Unauthenticated):
                make(whole | {name: wrong}, "token")
