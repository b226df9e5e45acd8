"""Releases over a real stream: what a grant opens, once each, and what it does not."""

import asyncio
import time
from typing import Any

import grpc
import pytest
from smelt.vault.v1 import api_keys_pb2, operator_pb2, release_pb2, signing_pb2

from services.processor.outside import Use
from services.processor.peers.key_releases import ReleaseClient
from tests.integration.vault.vault_process import (
    PRIVATE_URL,
    SECRET,
    Vault,
    new_account,
    outcome,
    reason_of,
    worker,
)
from tests.support.patience import PATIENCE_SECONDS

OTHER = "sk-other-abcdefghijklmnop-77"


async def test_a_grant_releases_its_key_for_each_of_its_calls(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    grant = (await vault.grant(account, key.name)).token
    began = time.time()
    async with worker(vault) as stream:
        answer = await stream.ask(grant)
        assert answer.released.secret == SECRET.encode()
        assert answer.released.base_url == PRIVATE_URL
        assert await stream.outcomes(grant, range(2, 101)) == [SECRET] * 99
    (row,) = vault.query("SELECT used FROM grants WHERE account = %s", account)
    assert row == (100,)
    described = await vault.keys().GetApiKey(
        api_keys_pb2.GetApiKeyRequest(name=key.name), metadata=await vault.passport(account)
    )
    assert int(began) <= described.last_used_time.ToSeconds() <= time.time()


@pytest.mark.promise("S09")
async def test_asks_of_one_message_are_recorded_each_and_their_key_is_sent_once(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    grant = (await vault.grant(account, key.name)).token
    async with worker(vault) as stream:
        asks = [stream.made(grant, row) for row in [*range(1, 101), 1, 101]]
        answers = [outcome(answer) for answer in await stream.ask_at_once(asks)]
        assert answers == [SECRET] * 100 + ["RELEASE_REPLAYED", "GRANT_INVALID"]
        assert all(len(message.keys) <= 1 for message in stream.received)
    recorded = vault.query(
        "SELECT outcome, count(*) FROM audit_records WHERE account = %s AND action = 'release' "
        "GROUP BY outcome ORDER BY outcome",
        account,
    )
    assert recorded == [("refused", 2), ("released", 100)]


async def test_a_message_with_more_asks_than_allowed_ends_its_stream_and_releases_nothing(
    vault: Vault,
) -> None:
    account = new_account()
    key = await vault.add_key(account)
    grant = (await vault.grant(account, key.name)).token
    async with worker(vault) as stream:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await stream.ask_at_once([stream.made(grant, row) for row in range(1, 258)])
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert vault.query("SELECT used FROM grants WHERE account = %s", account) in ([], [(0,)])


@pytest.mark.promise("S11")
async def test_each_use_is_released_once(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    grant = (await vault.grant(account, key.name)).token
    async with worker(vault) as stream, worker(vault) as other:
        at_once = await asyncio.gather(*(each.outcome(grant, 5) for each in [stream, other] * 10))
        assert sorted(at_once) == ["RELEASE_REPLAYED"] * 19 + [SECRET]
        for different in ({"attempt": 2}, {"claim": 2}, {"claim": 2, "attempt": 2}):
            assert await stream.outcome(grant, 5, **different) == SECRET
            assert await other.outcome(grant, 5, **different) == "RELEASE_REPLAYED"


@pytest.mark.promise("S11")
async def test_a_budget_holds_exactly_when_ten_times_as_much_is_asked_in_parallel(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    grant = (await vault.grant(account, key.name, release_budget=20)).token
    async with worker(vault) as one, worker(vault) as two:
        answers = await asyncio.gather(
            *(stream.outcomes(grant, range(first, first + 50)) for first, stream in ((1, one), (51, two))),
            *(stream.outcomes(grant, range(1, 51), attempt=n) for n, stream in ((2, one), (3, two))),
        )
        outcomes = [each for answer in answers for each in answer]
        assert outcomes.count(SECRET) == 20
        assert outcomes.count("GRANT_EXHAUSTED") == 180
        assert await one.outcome(grant, 77, attempt=9) == "GRANT_EXHAUSTED"
    # What was refused has taken nothing.
    (row,) = vault.query(
        "SELECT used, (SELECT count(*) FROM grant_uses WHERE grant_ref = ref) FROM grants WHERE account = %s",
        account,
    )
    assert row == (20, 20)


async def test_a_grant_cannot_claim_more_than_its_rows_need(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    grant = (await vault.grant(account, key.name, last_row=1, release_budget=10**9)).token
    async with worker(vault) as stream:
        answers = await asyncio.gather(*(stream.outcome(grant, 1, attempt=n) for n in range(1, 40)))
    # One call: three attempts, and once more after each of eight takeovers.
    assert answers.count(SECRET) == 3 + 8


@pytest.mark.long
async def test_a_worker_goes_on_with_more_grants_than_the_vault_remembers(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    first, *others = [(await vault.grant(account, key.name)).token for _ in range(1_025)]
    client = ReleaseClient(vault.channel("processor"))
    try:
        for grant in (first, *others):
            assert (await client.release(grant, Use(1, 0, 1, 1))).secret == SECRET.encode()
        # The vault has begun to remember anew; twenty lanes of the first job find that out at once.
        lanes = await asyncio.gather(*(client.release(first, Use(row, 0, 1, 1)) for row in range(2, 22)))
        assert [each.secret for each in lanes] == [SECRET.encode()] * 20
    finally:
        await client.close()


@pytest.mark.promise("S11")
async def test_a_grant_opens_nothing_but_what_it_names(vault: Vault) -> None:
    account, stranger = new_account(), new_account()
    key = await vault.add_key(account)
    theirs = await vault.add_key(stranger, OTHER)
    grant = (await vault.grant(account, key.name, first_row=10, last_row=20, template_count=2)).token
    async with worker(vault) as stream:
        for row in (-1, 0, 1, 9, 21, 2**31 - 1):
            assert await stream.outcome(grant, row) == "GRANT_INVALID"
        for wrong in ({"template": -1}, {"template": 2}, {"attempt": 0}, {"attempt": -1}, {"claim": -1}):
            assert await stream.outcome(grant, 10, **wrong) == "GRANT_INVALID"
        assert await stream.outcome(grant, 10, template=1) == SECRET
        # The key of another account is, for this one, none.
        crossed = (await vault.grant(account, theirs.name)).token
        assert await stream.outcome(crossed) == "API_KEY_DELETED"
        for name in ("", "apiKeys/", "apiKeys/a/b", "files/f", "apiKeys/\n", key.name + "\n"):
            odd = (await vault.grant(account, name)).token
            assert await stream.outcome(odd) == "GRANT_INVALID"
        odd = (await vault.grant(account, key.name, job="jobs/\n")).token
        assert await stream.outcome(odd) == "GRANT_INVALID"
        assert await stream.outcome(grant, 11) == SECRET


@pytest.mark.promise("S11")
async def test_only_a_grant_is_taken_as_one(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    grant = (await vault.grant(account, key.name)).token
    passport = dict(await vault.passport(account))["x-smelt-passport"]
    session = await vault.signing().Sign(
        signing_pb2.SignRequest(
            session=signing_pb2.SessionClaims(account=account, session="s"), lifetime_seconds=60
        )
    )
    head, body, signature = grant.split(".")
    async with worker(vault) as stream:
        for token in (
            passport,
            session.token,
            "",
            "nonsense",
            f"{head}.{body}.",
            f"{head}.{body}.{signature[::-1]}",
            f"eyJhbGciOiJub25lIn0.{body}.",
            "x" * 10_000,
        ):
            assert await stream.outcome(token) == "GRANT_INVALID"
        # A hash alone, of a grant that this stream was never shown, or another grant's hash.
        assert await stream.outcome(grant, show=False) == "GRANT_INVALID"
        assert await stream.outcome(OTHER, grant_sha256=b"0" * 32) == "GRANT_INVALID"
        assert await stream.outcome(grant) == SECRET


@pytest.mark.promise("S11")
async def test_an_expired_grant_releases_nothing(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    # A machine so busy that a grant expires before its first use gets one that lives longer.
    for lifetime_seconds in (2, 10, 60):
        grant = (await vault.grant(account, key.name, lifetime_seconds=lifetime_seconds)).token
        expired = time.time() + lifetime_seconds + 0.1
        async with worker(vault) as stream:
            if await stream.outcome(grant, 1) != SECRET:
                continue
            await asyncio.sleep(max(0.0, expired - time.time()))
            assert await stream.outcome(grant, 2) == "GRANT_EXPIRED"
            break
    else:
        raise AssertionError("no grant could be used")
    async with worker(vault) as stream:
        assert await stream.outcome(grant, 2) == "GRANT_EXPIRED"


@pytest.mark.promise("S11")
async def test_a_revoked_grant_releases_nothing_from_the_next_message_on(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    used, unused = await vault.grant(account, key.name), await vault.grant(account, key.name)
    async with worker(vault) as stream:
        assert await stream.outcome(used.token, 1) == SECRET
        for grant in (used, unused, used):
            await vault.release().RevokeGrant(
                release_pb2.RevokeGrantRequest(grant_id=grant.token_id),
                metadata=await vault.passport(account),
            )
        assert await stream.outcome(used.token, 2) == "GRANT_REVOKED"
        assert await stream.outcome(unused.token, 2) == "GRANT_REVOKED"
        # Another account's grant is not ended by naming its id.
        third = await vault.grant(account, key.name)
        await vault.release().RevokeGrant(
            release_pb2.RevokeGrantRequest(grant_id=third.token_id),
            metadata=await vault.passport(new_account()),
        )
        assert await stream.outcome(third.token, 2) == SECRET


@pytest.mark.promise("S12")
async def test_a_deleted_key_is_refused_at_once_also_in_a_running_job(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    grant = (await vault.grant(account, key.name)).token
    async with worker(vault) as stream:
        assert await stream.outcome(grant, 1) == SECRET
        (row,) = vault.query("SELECT * FROM api_keys WHERE account = %s", account)
        await vault.keys().DeleteApiKey(
            api_keys_pb2.DeleteApiKeyRequest(name=key.name), metadata=await vault.passport(account)
        )
        assert await stream.outcome(grant, 2) == "API_KEY_DELETED"
        # Yesterday's row, put back by someone with all rights on the database.
        vault.query(f"INSERT INTO api_keys VALUES ({', '.join(['%s'] * len(row))})", *row)
        assert await stream.outcome(grant, 3) == "API_KEY_DELETED"


@pytest.mark.promise("S03")
async def test_a_row_that_was_altered_or_moved_releases_nothing(vault: Vault) -> None:
    account, stranger = new_account(), new_account()
    key = await vault.add_key(account)
    theirs = await vault.add_key(stranger, OTHER)
    grant = (await vault.grant(account, key.name)).token
    where = f"WHERE account = '{account}'"
    async with worker(vault) as stream:
        for n, change in enumerate(
            (
                "base_url = 'https://thief.example/v1'",
                "generation = generation + 1",
                "epoch = epoch + 1",
                "suite = 2",
                f"blob = (SELECT blob FROM api_keys WHERE account = '{stranger}')",
                "blob = set_byte(blob, length(blob) - 1, get_byte(blob, length(blob) - 1) # 1)",
                "blob = substr(blob, 1, 20)",
            ),
            1,
        ):
            (before,) = vault.query(f"SELECT base_url, generation, epoch, suite, blob FROM api_keys {where}")
            vault.query(f"UPDATE api_keys SET {change} {where}")
            assert await stream.outcome(grant, n) == "API_KEY_DAMAGED", change
            back = "(base_url, generation, epoch, suite, blob) = (%s, %s, %s, %s, %s)"
            vault.query(f"UPDATE api_keys SET {back} {where}", *before)
            # A refusal takes nothing: the same use is good once the row is.
            assert await stream.outcome(grant, n) == SECRET
        # The whole row, given to another account.
        vault.query("UPDATE api_keys SET account = %s, active = false WHERE account = %s", account, stranger)
        moved = (await vault.grant(account, theirs.name)).token
        assert await stream.outcome(moved) == "API_KEY_DAMAGED"


async def test_an_account_whose_key_is_destroyed_releases_nothing(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    grant = (await vault.grant(account, key.name)).token
    async with worker(vault) as stream:
        assert await stream.outcome(grant, 1) == SECRET
        vault.query(
            "UPDATE account_keys SET state = 'destroyed', wrapped = NULL WHERE account = %s",
            account,
            keystore=True,
        )
        assert await stream.outcome(grant, 2) == "API_KEY_DELETED"
    # Nor does it ever get another key.
    again = vault.add_key(account)
    assert await reason_of(again) == "ACCOUNT_ERASED"


async def test_the_operators_key_is_released_to_its_own_host_and_replaced_for_good(vault: Vault) -> None:
    account = new_account()
    grant = (await vault.grant(account, "apiKeys/managed")).token

    async def put(secret: str) -> None:
        await vault.operator().SetManagedApiKey(
            operator_pb2.SetManagedApiKeyRequest(secret=secret, base_url=PRIVATE_URL)
        )

    async with worker(vault) as stream:
        await put(SECRET)
        answer = await stream.ask(grant, 1)
        assert (answer.released.secret, answer.released.base_url) == (SECRET.encode(), PRIVATE_URL)
        old = vault.query("SELECT blob, generation FROM api_keys WHERE account = 'operator'")[0]
        await put(OTHER)
        assert await stream.outcome(grant, 2) == OTHER
        vault.query("UPDATE api_keys SET blob = %s, generation = %s WHERE account = 'operator'", *old)
        assert await stream.outcome(grant, 3) == "API_KEY_DAMAGED"
        await put(OTHER)
        assert await stream.outcome(grant, 3) == OTHER
    # People neither see nor change it.
    mine = await vault.passport(account)
    name = "apiKeys/managed"
    keys = vault.keys()
    for call in (
        keys.GetApiKey(api_keys_pb2.GetApiKeyRequest(name=name), metadata=mine),
        keys.DeleteApiKey(api_keys_pb2.DeleteApiKeyRequest(name=name), metadata=mine),
        keys.ActivateApiKey(api_keys_pb2.ActivateApiKeyRequest(name=name), metadata=mine),
    ):
        assert await reason_of(call) == "API_KEY_NOT_FOUND"


async def test_a_key_test_is_one_call_of_no_file(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    nothing: dict[str, Any] = {
        "job": "",
        "file": "",
        "parse": 0,
        "first_row": 0,
        "last_row": 0,
        "template_count": 0,
    }
    grant = (await vault.grant(account, key.name, purpose="key-test", **nothing)).token
    async with worker(vault) as stream:
        assert await stream.outcome(grant, 1) == SECRET
        assert await stream.outcome(grant, 2) == "GRANT_INVALID"


async def test_a_stream_ends_when_the_worker_has_no_more(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    grant = (await vault.grant(account, key.name)).token
    async with worker(vault) as stream:
        asked = [asyncio.ensure_future(stream.outcome(grant, row)) for row in range(1, 30)]
        await asyncio.sleep(0)
        await stream.half_close()
        assert await asyncio.gather(*asked) == [SECRET] * 29
        await asyncio.wait_for(stream.ended(), PATIENCE_SECONDS)
