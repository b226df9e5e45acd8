"""Access tokens over the wire: shown once, good for their scopes, and over at once when they are ended."""

import asyncio
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from smelt.auth.v1 import access_tokens_pb2, access_tokens_pb2_grpc

from services.common import errors
from services.common.identity import PASSPORT_KEY
from services.common.tokens import KeySet, Kind, StaticKeys, TokenVerifier
from tests.integration.auth.admission.test_auth_grant_minting import mint
from tests.integration.auth.auth_server import Auth, Person, refusal, refused
from tests.support.patience import PATIENCE_SECONDS
from tests.support.vault.tokens import ISSUER


class Tokens:
    """AccessTokenService as one person calls it."""

    def __init__(self, auth: Auth, authorization: str) -> None:
        self._auth = auth
        self._authorization = authorization
        self._stub: Any = access_tokens_pb2_grpc.AccessTokenServiceStub(auth.channel)

    async def _metadata(self, method: str) -> tuple[tuple[str, str], ...]:
        return ((PASSPORT_KEY, await self._auth.passport(self._authorization, method)),)

    async def create(self, *scopes: str, **more: Any) -> access_tokens_pb2.CreateAccessTokenResponse:
        request = access_tokens_pb2.CreateAccessTokenRequest(
            **{"display_name": "script", "scopes": scopes or ("read", "write"), **more}
        )
        made: access_tokens_pb2.CreateAccessTokenResponse = await self._stub.CreateAccessToken(
            request, metadata=await self._metadata("POST"), timeout=PATIENCE_SECONDS
        )
        return made

    async def list(self, size: int = 0, token: str = "") -> access_tokens_pb2.ListAccessTokensResponse:
        request = access_tokens_pb2.ListAccessTokensRequest(page_size=size, page_token=token)
        found: access_tokens_pb2.ListAccessTokensResponse = await self._stub.ListAccessTokens(
            request, metadata=await self._metadata("GET"), timeout=PATIENCE_SECONDS
        )
        return found

    async def get(self, name: str) -> access_tokens_pb2.AccessToken:
        request = access_tokens_pb2.GetAccessTokenRequest(name=name)
        found: access_tokens_pb2.AccessToken = await self._stub.GetAccessToken(
            request, metadata=await self._metadata("GET"), timeout=PATIENCE_SECONDS
        )
        return found

    async def delete(self, name: str) -> None:
        request = access_tokens_pb2.DeleteAccessTokenRequest(name=name)
        await self._stub.DeleteAccessToken(
            request, metadata=await self._metadata("DELETE"), timeout=PATIENCE_SECONDS
        )


async def scopes_of(auth: Auth, passport: str) -> tuple[str, str, list[str]]:
    """Return account, session and scopes of a passport."""
    keys = {(Kind.PASSPORT, "passport-1"): auth.vault.keys["passport"].public_key()}
    claims = await TokenVerifier(StaticKeys(KeySet(ISSUER, keys))).verify(Kind.PASSPORT, passport)
    return claims["sub"], claims["sid"], claims["scopes"]


@pytest.fixture
def person(auth: Auth) -> Person:
    return auth.person()


@pytest.fixture
def tokens(auth: Auth, person: Person) -> Tokens:
    return Tokens(auth, person.header)


async def test_a_token_is_shown_once_and_kept_as_a_hash(auth: Auth, tokens: Tokens) -> None:
    made = await tokens.create("write", display_name="nightly run")
    assert made.token.startswith("smelt_pat_")
    assert (made.display_name, list(made.scopes)) == ("nightly run", ["read", "write"])
    days = made.expire_time.ToDatetime(UTC) - datetime.now(UTC)
    # The database's clock counts, which the service knows to within its calls to it.
    assert timedelta(days=89, hours=23) < days < timedelta(days=90, minutes=1)
    (digest,) = auth.execute("SELECT digest FROM access_token WHERE id = %s", made.name.partition("/")[2])[0]
    assert digest == sha256(made.token.encode()).digest()
    shown = await tokens.get(made.name)
    assert not {field.name for field in shown.DESCRIPTOR.fields} & {"token", "digest"}
    assert (shown.name, shown.display_name) == (made.name, made.display_name)


async def test_its_passport_says_whose_it_is_and_what_it_may_do(
    auth: Auth, person: Person, tokens: Tokens
) -> None:
    reading, writing = await tokens.create("read"), await tokens.create("write")
    for made, scopes in ((reading, ["read"]), (writing, ["read", "write"])):
        passport = await auth.passport(f"Bearer {made.token}")
        assert await scopes_of(auth, passport) == (person.account, made.name.partition("/")[2], scopes)


@pytest.mark.promise("S26")
async def test_a_reading_token_is_told_403_at_the_edge_when_it_would_change_something(
    auth: Auth, tokens: Tokens
) -> None:
    made = await tokens.create("read")
    for method in ("POST", "PATCH", "DELETE"):
        answer = await auth.check(f"Bearer {made.token}", method)
        assert (answer.status.code, answer.denied_response.status.code) == (7, 403)
        assert '"reason": "SCOPE_MISSING"' in answer.denied_response.body
        assert "www-authenticate" not in {option.header.key for option in answer.denied_response.headers}
    assert (await auth.check(f"Bearer {made.token}", "GET")).HasField("ok_response")


@pytest.mark.promise("S26")
async def test_no_token_reaches_what_belongs_to_the_account_itself(auth: Auth, tokens: Tokens) -> None:
    made = await tokens.create("write")
    other = await tokens.create("read")
    as_token = Tokens(auth, f"Bearer {made.token}")
    for call in (
        as_token.create("read"),
        as_token.list(),
        as_token.get(made.name),
        as_token.delete(other.name),
    ):
        assert (await refusal(call))[0] == "SCOPE_MISSING"
    passport = await auth.passport(f"Bearer {made.token}")
    assert (await refusal(auth.end("sessions/current", passport)))[0] == "SCOPE_MISSING"
    assert len((await tokens.list()).access_tokens) == 2


@pytest.mark.promise("S25")
async def test_an_ended_token_is_refused_on_the_next_request_and_mints_no_grant(
    auth: Auth, tokens: Tokens
) -> None:
    made = await tokens.create("write")
    passport = await auth.passport(f"Bearer {made.token}")
    assert (await mint(auth, passport)).grant
    await tokens.delete(made.name)
    assert await auth.check(f"Bearer {made.token}") == await auth.check(None)
    assert (await refusal(mint(auth, passport)))[0] == "UNAUTHENTICATED"
    assert (await refusal(tokens.delete(made.name)))[0] == "ACCESS_TOKEN_NOT_FOUND"
    assert (await refusal(tokens.get(made.name)))[0] == "ACCESS_TOKEN_NOT_FOUND"


async def test_a_token_may_end_itself(auth: Auth, tokens: Tokens) -> None:
    made, other = await tokens.create("write"), await tokens.create("write")
    await Tokens(auth, f"Bearer {made.token}").delete("accessTokens/current")
    assert await auth.check(f"Bearer {made.token}") == await auth.check(None)
    assert (await auth.check(f"Bearer {other.token}")).HasField("ok_response")


@pytest.mark.promise("S26")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE access_token SET expire_time = now() WHERE account = %s",
        "DELETE FROM access_token WHERE account = %s",
        "UPDATE account SET state = 'disabled' WHERE id = %s",
        "UPDATE account SET state = 'deleted' WHERE id = %s",
        "DELETE FROM account WHERE id = %s",
    ],
)
async def test_a_token_that_is_over_looks_like_no_token_at_all(
    auth: Auth, person: Person, tokens: Tokens, change: str
) -> None:
    made = await tokens.create("write")
    assert (await auth.check(f"Bearer {made.token}")).HasField("ok_response")
    auth.execute(change, person.account)
    for method in ("GET", "POST"):
        assert await auth.check(f"Bearer {made.token}", method) == await auth.check(None)


async def test_another_accounts_token_does_not_exist(auth: Auth, tokens: Tokens) -> None:
    made = await tokens.create("read")
    stranger = Tokens(auth, auth.person().header)
    for name in (made.name, "accessTokens/none"):
        for call in (stranger.get(name), stranger.delete(name)):
            assert await refusal(call) == ("ACCESS_TOKEN_NOT_FOUND", "Access token not found")
    assert not (await stranger.list()).access_tokens


async def test_pages_go_through_all_tokens_newest_first(tokens: Tokens) -> None:
    made = [(await tokens.create("read", display_name=f"t{n}")).name for n in range(5)]
    seen, token = [], ""
    for _ in range(3):
        page = await tokens.list(2, token)
        seen += [each.name for each in page.access_tokens]
        token = page.next_page_token
    assert (seen, token) == (made[::-1], "")


async def test_the_last_use_is_shown(auth: Auth, tokens: Tokens) -> None:
    made = await tokens.create("read")
    assert not (await tokens.get(made.name)).HasField("last_used_time")
    await asyncio.gather(*(auth.check(f"Bearer {made.token}") for _ in range(5)))
    used = (await tokens.get(made.name)).last_used_time.ToDatetime(UTC)
    assert abs(datetime.now(UTC) - used) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"display_name": ""}, "INVALID_REQUEST"),
        ({"display_name": "a" * 101}, "INVALID_REQUEST"),
        ({"display_name": "two\nlines"}, "INVALID_REQUEST"),
        ({"display_name": "nul\0"}, "INVALID_REQUEST"),
        ({"scopes": []}, "INVALID_REQUEST"),
        ({"scopes": ["account"]}, "INVALID_REQUEST"),
        ({"scopes": ["read", "read"]}, "INVALID_REQUEST"),
        ({"scopes": ["READ"]}, "INVALID_REQUEST"),
        ({"expire_time": Timestamp(seconds=1)}, "ACCESS_TOKEN_EXPIRY"),
        ({"expire_time": Timestamp(seconds=-(2**62))}, "ACCESS_TOKEN_EXPIRY"),
        ({"expire_time": Timestamp(seconds=2**62)}, "ACCESS_TOKEN_EXPIRY"),
        (
            {"expire_time": Timestamp(seconds=int(datetime.now(UTC).timestamp()) + 367 * 86400)},
            "ACCESS_TOKEN_EXPIRY",
        ),
    ],
)
async def test_what_makes_no_token_is_said(tokens: Tokens, change: dict[str, Any], reason: str) -> None:
    assert (await refusal(tokens.create(**change)))[0] == reason
    assert not (await tokens.list()).access_tokens


async def test_the_hundredth_token_is_the_last_however_many_are_made_at_once(
    auth: Auth, person: Person, tokens: Tokens
) -> None:
    auth.execute(
        "INSERT INTO access_token SELECT %s || n, %s, sha256((%s || n)::bytea), 'x', '{read}', now(),"
        " now() + interval '1 day' FROM generate_series(1, 98) AS n",
        *[person.account] * 3,
    )
    answers = await asyncio.gather(*(tokens.create("read") for _ in range(5)), return_exceptions=True)
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 2
    told = await refused(tokens.create("read"))
    assert (told.reason, told.kind) == ("ACCESS_TOKEN_LIMIT", errors.Kind.EXHAUSTED)


async def test_a_session_token_that_names_an_access_token_is_refused(
    auth: Auth, person: Person, tokens: Tokens
) -> None:
    made = await tokens.create("write")
    forged = auth.vault.token("session", {"sub": person.account, "sid": made.name.partition("/")[2]})
    assert await auth.check(f"Bearer {forged}") == await auth.check(None)
