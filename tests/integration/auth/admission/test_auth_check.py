"""The gateway's question, asked with every kind of token; whatever is wrong, the answer is the same."""

import asyncio
import base64
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.common.tokens import KeySet, Kind, StaticKeys, TokenVerifier
from tests.integration.auth.auth_server import Auth, Person
from tests.support.vault.stand_in import VaultStandIn
from tests.support.vault.tokens import ISSUER


async def test_a_request_goes_on_with_a_passport_and_without_its_token(auth: Auth) -> None:
    person = auth.person()
    answer = await auth.check(person.header)
    assert answer.status.code == 0
    (header,) = answer.ok_response.headers
    assert (header.header.key, header.append_action) == ("x-smelt-passport", 2)
    assert list(answer.ok_response.headers_to_remove) == ["authorization", "cookie"]
    keys = {(Kind.PASSPORT, "passport-1"): auth.vault.keys["passport"].public_key()}
    verifier = TokenVerifier(StaticKeys(KeySet(ISSUER, keys)))
    claims = await verifier.verify(Kind.PASSPORT, header.header.value)
    assert (claims["sub"], claims["sid"]) == (person.account, person.session)
    assert claims["scopes"] == ["read", "write", "account"]
    assert 240 < claims["exp"] - time.time() <= 300


async def test_a_refusal_is_401_with_a_status_as_its_body(auth: Auth) -> None:
    answer = await auth.check(None)
    denied = answer.denied_response
    assert (answer.status.code, denied.status.code) == (16, 401)
    assert {option.header.key: option.header.value for option in denied.headers} == {
        "content-type": "application/json",
        "www-authenticate": "Bearer",
    }
    body = json.loads(denied.body)
    assert (body["code"], body["message"]) == (16, "Sign in first")
    (detail,) = body["details"]
    assert detail["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    assert (detail["reason"], detail["domain"]) == ("UNAUTHENTICATED", "smelt")


def _part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.fixture
def attacker() -> Iterator[socket.socket]:
    """A server that must hear nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def forged(vault: VaultStandIn, person: Person, attacker_url: str) -> dict[str, str]:
    """Return tokens that are each wrong in one way, by what is wrong."""
    good = {"sub": person.account, "sid": person.session}
    own = Ed25519PrivateKey.generate()
    public = own.public_key().public_bytes_raw()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": base64.urlsafe_b64encode(public).decode().rstrip("=")}
    ours = vault.keys["session"].public_key()
    payload = person.token.split(".")[1]
    signature = person.token.rsplit(".", 1)[1]

    def token(claims: dict[str, Any] | None = None, **more: Any) -> str:
        return vault.token("session", {**good, **(claims or {})}, **more)

    def header(**entries: Any) -> str:
        start = {"alg": "EdDSA", "typ": "session+jwt", "kid": "session-1", **entries}
        return _part({name: value for name, value in start.items() if value is not None})

    tokens = {
        "random": "x.y.z",
        "two parts": person.token.rsplit(".", 1)[0],
        "five parts": person.token + ".a.b",
        "signature cut": person.token[:-4],
        "one bit": person.token[:-10] + ("A" if person.token[-10] != "A" else "B") + person.token[-9:],
        "own key": token(key=own),
        "own key, far expiry": token({"exp": 2**40}, key=own),
        "jwk": token(key=own, headers={"jwk": jwk}),
        "jku": token(key=own, headers={"jku": attacker_url}),
        "x5u": token(key=own, headers={"x5u": attacker_url}),
        "x5c": token(key=own, headers={"x5c": [base64.b64encode(public).decode()]}),
        "kid is unknown": token(key=own, headers={"kid": "session-2"}),
        "kid is a path": token(headers={"kid": "../../dev/null"}),
        "kid is SQL": token(headers={"kid": "' OR 1=1--"}),
        "kid is a NUL": token(headers={"kid": "\x00"}),
        "kid is long": token(headers={"kid": "k" * 10_000}),
        "kid is of another kind": token(headers={"kid": "passport-1"}),
        "kid is a list": f"{header(kid=['session-1'])}.{payload}.{signature}",
        "kid is missing": f"{header(kid=None)}.{payload}.{signature}",
        "typ is missing": f"{header(typ=None)}.{payload}.{signature}",
        "typ is JWT": token(headers={"typ": "JWT"}),
        "typ of a passport": token(headers={"typ": "passport+jwt"}),
        "critical extension": token(headers={"crit": ["exp"]}),
        "header is a list": f"{_part([1])}.{payload}.{signature}",
        "header is deep": "[" * 5000,
        "audience of a passport": token({"aud": "smelt/passport"}),
        "two audiences": token({"aud": ["smelt/session", "smelt/passport"]}),
        "no audience": token({"aud": None}),
        "another issuer": token({"iss": "another-installation"}),
        "no issuer": token({"iss": None}),
        "no expiry": token({"exp": None}),
        "expired": token({"exp": int(time.time()) - 1}),
        "expiry is text": token({"exp": "never"}),
        "expiry is infinite": token({"exp": 1e308 * 10}),
        "expiry is a number in text": token({"exp": str(int(time.time()) + 600)}),
        "expiry is a fraction": token({"exp": time.time() + 600}),
        "expiry is negative": token({"exp": -1}),
        "expiry is huge": token({"exp": 10**400}),
        "expiry is a list": token({"exp": [int(time.time()) + 600]}),
        "expiry is ten years away": token({"exp": int(time.time()) + 10 * 365 * 86400}),
        "issue time is text": token({"iat": str(int(time.time()))}),
        "padded": person.token + "==",
        "a dot behind it": person.token + ".",
        "no subject": token({"sub": None}),
        "subject is a number": token({"sub": 7}),
        "no session": token({"sid": None}),
        "session is a list": token({"sid": [person.session]}),
        "session with a NUL": token({"sid": person.session + "\x00"}),
        "session of somebody else": token({"sub": "somebodyelse"}),
        "unknown session": token({"sid": "nosuchsession"}),
        "no id": token({"jti": None}),
        "a passport": vault.token("passport", {**good, "scopes": ["read", "write"]}),
        "a grant": vault.token("grant", {**good, "purpose": "job"}),
        "empty": "",
        "not ASCII": "é.é.é",
        "too long": person.token + "A" * 9000,
    }
    for alg in ("none", "None", "nOnE", ""):
        tokens[f"alg {alg}"] = f"{header(alg=alg)}.{payload}."
        tokens[f"alg {alg}, signed"] = f"{header(alg=alg)}.{payload}.{signature}"
    for form, secret in {
        "raw": ours.public_bytes_raw(),
        "DER": ours.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "PEM": ours.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    }.items():
        # PyJWT would refuse to make these, so they are made by hand.
        signing = f"{header(alg='HS256')}.{payload}"
        code = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
            signing.encode(), secret
        )
        tokens[f"HS256 with our public key as {form}"] = (
            f"{signing}.{base64.urlsafe_b64encode(code).decode().rstrip('=')}"
        )
    return tokens


@pytest.mark.promise("S26")
async def test_every_forged_token_gets_the_same_401(auth: Auth, attacker: socket.socket) -> None:
    person = auth.person()
    url = f"http://127.0.0.1:{attacker.getsockname()[1]}/keys"
    nobody = (await auth.check(None)).SerializeToString(deterministic=True)
    for name, token in forged(auth.vault, person, url).items():
        answer = await auth.check(f"Bearer {token}")
        assert answer.SerializeToString(deterministic=True) == nobody, name
    with pytest.raises(BlockingIOError):
        attacker.accept()
    # The control: the token that all of them imitate is taken.
    assert (await auth.check(person.header)).HasField("ok_response")


@pytest.mark.parametrize("scheme", ["Basic {}", "{}", "Token {}", "Bearer,{}", "Bearer {0}, Bearer {0}"])
async def test_a_good_token_in_another_dress_is_refused(auth: Auth, scheme: str) -> None:
    answer = await auth.check(scheme.format(auth.person().token))
    assert answer.denied_response.status.code == 401


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE session SET expire_time = now() WHERE id = %(session)s",
        "UPDATE session SET last_used_time = now() - interval '7 days' WHERE id = %(session)s",
        "UPDATE session SET end_time = now(), end_reason = 'logout' WHERE id = %(session)s",
        "DELETE FROM session WHERE id = %(session)s",
        "UPDATE account SET state = 'disabled' WHERE id = %(account)s",
        "UPDATE account SET state = 'deleted' WHERE id = %(account)s",
        "DELETE FROM account WHERE id = %(account)s",
    ],
)
async def test_a_session_that_is_over_is_refused_on_the_next_request(auth: Auth, change: str) -> None:
    person = auth.person()
    assert (await auth.check(person.header)).HasField("ok_response")
    values = {"session": person.session, "account": person.account}
    auth.execute(*_positional(change, values))
    answer = await auth.check(person.header)
    assert answer == await auth.check(None)


def _positional(statement: str, values: dict[str, str]) -> tuple[str, str]:
    (name,) = [name for name in values if f"%({name})s" in statement]
    return statement.replace(f"%({name})s", "%s"), values[name]


async def test_a_session_that_was_used_within_a_week_goes_on_and_its_use_is_written(auth: Auth) -> None:
    person = auth.person()
    ages = "SELECT now() - last_used_time < interval '10 seconds' FROM session WHERE id = %s"
    set_age = "UPDATE session SET last_used_time = now() - interval '{}' WHERE id = %s"
    for age, written in (("4 minutes", False), ("6 minutes", True), ("6 days 23 hours", True)):
        auth.execute(set_age.format(age), person.session)
        answers = await asyncio.gather(*(auth.check(person.header) for _ in range(5)))
        assert all(answer.HasField("ok_response") for answer in answers)
        assert auth.execute(ages, person.session) == [(written,)]


async def test_parallel_requests_share_one_passport_and_are_all_answered(auth: Auth) -> None:
    people = [auth.person() for _ in range(3)]
    asked = auth.vault.signed["passport"]
    passports = await asyncio.gather(*(auth.passport(p.header) for p in people for _ in range(20)))
    assert auth.vault.signed["passport"] == asked + 3
    assert len(set(passports)) == 3
