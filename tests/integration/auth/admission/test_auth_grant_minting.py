"""Job grants: minted by the vault for the passport's own account, and only while its session stands."""

import time
from typing import Any

import pytest
from smelt.auth.v1 import grants_pb2, grants_pb2_grpc

from services.common.identity import PASSPORT_KEY, grant_from
from services.common.tokens import KeySet, Kind, StaticKeys, TokenVerifier
from tests.integration.auth.auth_server import Auth, refusal
from tests.support.patience import PATIENCE_SECONDS
from tests.support.vault.tokens import ISSUER

Request = grants_pb2.MintJobGrantRequest
WORK: dict[str, Any] = {
    "job": "jobs/j",
    "file": "files/f",
    "parse": 1,
    "api_key": "apiKeys/k",
    "first_row": 1,
    "last_row": 10,
    "template_count": 2,
    "release_budget": 60,
}


async def mint(auth: Auth, passport: str, **changes: Any) -> grants_pb2.MintJobGrantResponse:
    request = Request(**{"purpose": Request.JOB, **WORK, **changes})
    async with auth.as_caller("processor") as channel:
        answer: grants_pb2.MintJobGrantResponse = await grants_pb2_grpc.GrantServiceStub(
            channel
        ).MintJobGrant(request, metadata=((PASSPORT_KEY, passport),), timeout=PATIENCE_SECONDS)
        return answer


@pytest.mark.parametrize(
    ("purpose", "name", "life"),
    [(Request.JOB, "job", 7 * 86400), (Request.TEMPLATE_TEST, "template-test", 600)],
)
async def test_a_grant_says_what_was_asked_for_the_passports_account(
    auth: Auth, purpose: Any, name: str, life: int
) -> None:
    person = auth.person()
    answer = await mint(auth, await auth.passport(person.header), purpose=purpose)
    keys = {(Kind.GRANT, "grant-1"): auth.vault.keys["grant"].public_key()}
    claims = await TokenVerifier(StaticKeys(KeySet(ISSUER, keys))).verify(Kind.GRANT, answer.grant)
    grant = grant_from(claims, answer.grant)
    assert (grant.id, grant.account, grant.purpose) == (answer.grant_id, person.account, name)
    assert {field: getattr(grant, field) for field in WORK} == WORK
    assert grant.expires.timestamp() == answer.expire_time.seconds
    assert life - 60 < answer.expire_time.seconds - time.time() <= life


async def test_no_grant_for_work_that_is_not_described(auth: Auth) -> None:
    passport = await auth.passport(auth.person().header)
    for change in ({"purpose": 0}, {"purpose": 9}, {"job": ""}, {"last_row": 0}, {"release_budget": 0}):
        assert (await refusal(mint(auth, passport, **change)))[0] == "INVALID_REQUEST"


async def test_no_grant_once_the_session_has_ended_though_the_passport_lives(auth: Auth) -> None:
    person = auth.person()
    passport = await auth.passport(person.header)
    await mint(auth, passport)
    await auth.end("sessions/current", passport)
    assert (await refusal(mint(auth, passport)))[0] == "UNAUTHENTICATED"
