"""Tokens and codes: what is signed verifies with the keys that are published, and says what was asked."""

import hashlib
import time
from typing import Any

import jwt
import pytest
from smelt.vault.v1 import signing_pb2

from services.common.errors import Unauthenticated
from services.common.peers.vault import VaultKeys
from services.common.tokens import Kind, TokenVerifier
from tests.integration.vault.contract.sides import Side, refusal

DAY = 86400
WORK: dict[str, Any] = {
    "job": "jobs/j1",
    "file": "files/f1",
    "parse": 2,
    "api_key": "apiKeys/k",
    "first_row": 3,
    "last_row": 9,
    "template_count": 4,
    "release_budget": 50,
}


def wanted(kind: str, **claims: Any) -> signing_pb2.SignRequest:
    """Return a request that asks for a token that lives forever."""
    return signing_pb2.SignRequest(**{kind: {"account": "ada", **claims}}, lifetime_seconds=2**31 - 1)


KINDS = [
    (wanted("session", session="s1"), {"sid": "s1"}, 30 * DAY),
    (
        wanted("passport", session="s1", scopes=["read", "account"]),
        {"sid": "s1", "scopes": ["read", "account"]},
        300,
    ),
    (
        wanted("passport", session="s1", scopes=["read"], generation=7),
        {"sid": "s1", "scopes": ["read"], "generation": 7},
        300,
    ),
    (wanted("grant", purpose="webhook", **WORK), {"purpose": "webhook", **WORK}, 14 * DAY),
    (wanted("grant", purpose="job", **WORK), {"purpose": "job", **WORK}, 7 * DAY),
    (
        wanted("grant", purpose="job", economy=True, **WORK),
        {"purpose": "job", "economy": True, **WORK},
        7 * DAY,
    ),
    (wanted("grant", purpose="template-test", **WORK), {"purpose": "template-test", **WORK}, 600),
    (wanted("grant", purpose="key-test", **WORK), {"purpose": "key-test", **WORK}, 600),
    (wanted("export", export="dataExports/e1"), {"export": "dataExports/e1"}, DAY),
    (wanted("erasure"), {}, DAY),
]


@pytest.mark.parametrize(("request_", "claims", "longest"), KINDS)
async def test_a_token_verifies_and_says_what_was_asked(
    side: Side, request_: signing_pb2.SignRequest, claims: dict[str, Any], longest: int
) -> None:
    kind = Kind(request_.WhichOneof("claims"))
    before = int(time.time())
    signed = await side.signing().Sign(request_)
    keys = VaultKeys(side.channel("files"))
    said = await TokenVerifier(keys).verify(kind, signed.token)
    issued, expires = said["iat"], said["exp"]
    assert said == {
        "iss": (await keys.current()).issuer,
        "aud": f"smelt/{kind.value}",
        "sub": "ada",
        "iat": issued,
        "exp": expires,
        "jti": signed.token_id,
        **claims,
    }
    assert before <= issued <= time.time()
    # The two may be read from the clock one after the other.
    assert issued + longest <= expires <= issued + longest + 1
    assert signed.expire_time.ToSeconds() == expires
    assert bool(signed.sealed_token) == (kind is Kind.GRANT)
    header = jwt.get_unverified_header(signed.token)
    assert (header["alg"], header["typ"]) == ("EdDSA", f"{kind.value}+jwt")
    for other in set(Kind) - {kind}:
        with pytest.raises(Unauthenticated):
            await TokenVerifier(keys).verify(other, signed.token)


async def test_a_token_lives_as_short_as_was_asked_and_has_an_id_of_its_own(side: Side) -> None:
    request = signing_pb2.SignRequest(
        session=signing_pb2.SessionClaims(account="ada", session="s"), lifetime_seconds=60
    )
    first, second = await side.signing().Sign(request), await side.signing().Sign(request)
    assert first.token_id != second.token_id
    claims = jwt.decode(first.token, options={"verify_signature": False})
    assert 60 <= claims["exp"] - claims["iat"] <= 61


async def test_each_kind_has_a_key_of_its_own(side: Side) -> None:
    for caller in ("auth", "files", "processor"):
        answer = await side.signing(caller).GetVerificationKeys(signing_pb2.GetVerificationKeysRequest())
        assert {key.kind for key in answer.keys} == set(range(1, 6))
        assert {len(key.public_key) for key in answer.keys} == {32}
        assert len({key.public_key for key in answer.keys}) == len(answer.keys)
        assert answer.issuer


async def test_each_service_has_a_key_of_its_own_for_page_tokens(side: Side) -> None:
    keys = {}
    for caller in ("auth", "files", "processor"):
        first, again = [
            await side.signing(caller).GetPageKey(signing_pb2.GetPageKeyRequest()) for _ in range(2)
        ]
        assert first.key == again.key
        keys[caller] = first.key
    assert {len(key) for key in keys.values()} == {32}
    assert len({*keys.values()}) == 3


@pytest.mark.parametrize(
    "request_",
    [
        signing_pb2.SignRequest(lifetime_seconds=60),
        signing_pb2.SignRequest(session=signing_pb2.SessionClaims(account="a", session="s")),
        wanted("grant", purpose="everything"),
        wanted("export", export="files/f"),
        signing_pb2.SignRequest(erasure=signing_pb2.ErasureClaims(), lifetime_seconds=60),
    ],
)
async def test_claims_that_are_incomplete_are_not_signed(
    side: Side, request_: signing_pb2.SignRequest
) -> None:
    assert await refusal(side.signing().Sign(request_)) == "INVALID_REQUEST"


async def test_only_auth_has_anything_signed(side: Side) -> None:
    mac = signing_pb2.MacRequest(digest=bytes(48))
    for caller in ("files", "processor"):
        assert await refusal(side.signing(caller).Sign(wanted("erasure"))) == "CALLER_NOT_ALLOWED"
        assert await refusal(side.signing(caller).Mac(mac)) == "CALLER_NOT_ALLOWED"


async def test_a_code_is_the_same_for_the_same_digest_and_pepper(side: Side) -> None:
    digest, other = hashlib.sha384(b"one").digest(), hashlib.sha384(b"two").digest()
    first = await side.signing().Mac(signing_pb2.MacRequest(digest=digest))
    assert first.pepper_id
    assert first.current_pepper_id == first.pepper_id
    assert len(first.mac) == 48
    named = await side.signing().Mac(signing_pb2.MacRequest(digest=digest, pepper_id=first.pepper_id))
    assert (named.mac, named.pepper_id) == (first.mac, first.pepper_id)
    assert (await side.signing().Mac(signing_pb2.MacRequest(digest=other))).mac != first.mac


async def test_no_code_under_a_pepper_that_is_not_known_or_of_what_is_no_digest(side: Side) -> None:
    unknown = signing_pb2.MacRequest(digest=bytes(48), pepper_id="nosuchpepper")
    assert await refusal(side.signing().Mac(unknown)) == "PEPPER_NOT_FOUND"
    assert await refusal(side.signing().Mac(signing_pb2.MacRequest(digest=b"short"))) == "INVALID_REQUEST"
