"""Without its database or the vault, auth lets nobody in, and lets them in again once those are back."""

import asyncio
import json

import pytest
from envoy_auth.v3 import external_auth_pb2 as envoy

from tests.integration.auth.auth_server import Fragile, refusal
from tests.support.patience import PATIENCE_SECONDS


def assert_closed(answer: envoy.CheckResponse) -> None:
    assert answer.denied_response.status.code == 503
    body = json.loads(answer.denied_response.body)
    assert (body["code"], body["details"][0]["reason"]) == (14, "UNAVAILABLE")


@pytest.mark.promise("S52")
async def test_without_the_database_nobody_passes_and_afterwards_all_do(fragile: Fragile) -> None:
    auth = fragile.auth
    person = auth.person()
    assert (await auth.check(person.header)).HasField("ok_response")
    await fragile.postgres.cut()
    answers = await asyncio.gather(*(auth.check(person.header) for _ in range(5)))
    for answer in answers:
        assert_closed(answer)
    assert (await refusal(auth.sign_in("ada@example.com")))[0] == "UNAVAILABLE"
    await fragile.postgres.open()
    assert (await auth.check(person.header)).HasField("ok_response")


@pytest.mark.promise("S52")
async def test_a_database_that_hangs_means_closed(fragile: Fragile) -> None:
    auth = fragile.auth
    person = auth.person()
    assert (await auth.check(person.header)).HasField("ok_response")
    fragile.postgres.freeze()
    assert_closed(await auth.check(person.header))
    fragile.postgres.thaw()
    assert (await auth.check(person.header)).HasField("ok_response")


async def test_a_connection_that_the_server_has_ended_is_replaced_unnoticed(fragile: Fragile) -> None:
    auth = fragile.auth
    person = auth.person()
    await auth.check(person.header)
    ended = auth.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert ended
    assert (await auth.check(person.header)).HasField("ok_response")


@pytest.mark.promise("S52")
async def test_without_the_vault_nobody_new_passes(fragile: Fragile) -> None:
    auth = fragile.auth
    known, new = auth.person(), auth.person()
    await auth.check(known.header)
    await fragile.vault.stop()
    # A passport that is kept goes on for its minutes: its session is still looked at each time.
    assert (await auth.check(known.header)).HasField("ok_response")
    assert_closed(await auth.check(new.header))
    assert (await refusal(auth.register("new@example.com")))[0] == "UNAVAILABLE"
    assert (await refusal(auth.sign_in("new@example.com")))[0] == "UNAVAILABLE"
    assert auth.execute("SELECT count(*) FROM account WHERE email = 'new@example.com'") == [(0,)]
    await fragile.start_vault()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (await auth.check(new.header)).HasField("ok_response"):
            await asyncio.sleep(0.1)


async def test_a_vault_that_was_never_there_means_closed_not_unauthenticated(fragile: Fragile) -> None:
    await fragile.vault.stop()
    assert_closed(await fragile.auth.check(fragile.auth.person().header))
