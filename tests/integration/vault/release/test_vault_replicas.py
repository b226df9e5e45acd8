"""Two replicas over the same stores: what one is told, the other holds to at once; limits are common."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from smelt.vault.v1 import api_keys_pb2, erasure_pb2, release_pb2

from tests.integration.vault.vault_process import SECRET, Vault, Worker, new_account, worker
from tests.support.long_form import first
from tests.support.patience import PATIENCE_SECONDS


async def beside(vault: Vault, slot: str = "1") -> Vault:
    """Start another replica."""
    other = replace(vault, slot=slot, address="", health="", process=None, _channels={})
    await other.start()
    return other


@pytest.fixture
async def two(fragile: Vault) -> AsyncIterator[tuple[Vault, Vault]]:
    other = await beside(fragile)
    yield fragile, other
    await other.close()


async def delete_key(vault: Vault, account: str, key: str, grant: str) -> None:
    await vault.keys().DeleteApiKey(
        api_keys_pb2.DeleteApiKeyRequest(name=key), metadata=await vault.passport(account)
    )


async def cancel_job(vault: Vault, account: str, key: str, grant: str) -> None:
    await vault.release().RevokeGrant(
        release_pb2.RevokeGrantRequest(grant_id=grant), metadata=await vault.passport(account)
    )


async def end_account(vault: Vault, account: str, key: str, grant: str) -> None:
    await vault.erasure().DestroyAccountKey(erasure_pb2.DestroyAccountKeyRequest(account=account))


@pytest.mark.promise("S12")
@pytest.mark.promise("S11")
@pytest.mark.parametrize(
    ("end", "reasons"),
    first(
        1,
        [
            (end_account, {"API_KEY_DELETED", "GRANT_REVOKED", "ACCOUNT_ERASED"}),
            (delete_key, {"API_KEY_DELETED"}),
            (cancel_job, {"GRANT_REVOKED"}),
        ],
    ),
)
async def test_what_ends_at_one_replica_ends_at_the_other_within_a_second(
    two: tuple[Vault, Vault], end: Callable[..., Any], reasons: set[str]
) -> None:
    """Under load at the other replica: no key leaves that is asked for after the first one was told."""
    here, there = two
    account = new_account()
    key = await here.add_key(account)
    signed = await here.grant(account, key.name, last_row=100_000, release_budget=10**6)
    released: list[bool] = []
    told = False
    refusals: set[str] = set()

    async with worker(there) as stream:

        async def load(first: int) -> None:
            for row in range(first, first + 10_000):
                late, outcome = told, await stream.outcome(signed.token, row)
                if outcome != SECRET:
                    refusals.add(outcome)
                    return
                released.append(late)

        loads = [asyncio.ensure_future(load(1 + n * 10_000)) for n in range(8)]
        while len(released) < 50:
            await asyncio.sleep(0.01)
        await end(here, account, key.name, signed.token_id)
        told = True
        await asyncio.wait_for(asyncio.gather(*loads), PATIENCE_SECONDS)
    assert not any(released)
    assert refusals <= reasons, refusals


@pytest.mark.promise("S11")
async def test_a_budget_is_common_to_replicas_when_all_is_asked_of_both_at_once(
    two: tuple[Vault, Vault],
) -> None:
    account = new_account()
    key = await two[0].add_key(account)
    grant = (await two[0].grant(account, key.name, release_budget=30, last_row=60)).token
    async with worker(two[0]) as one, worker(two[1]) as other:
        # Each use at both replicas, ten times the budget in all.
        outcomes = await asyncio.gather(
            *(
                stream.outcome(grant, row, attempt=attempt)
                for row in range(1, 61)
                for attempt in (1, 2)
                for stream in (one, other)
            )
        )
        assert outcomes.count(SECRET) == 30
        assert set(outcomes) == {SECRET, "GRANT_EXHAUSTED", "RELEASE_REPLAYED"}
        assert await one.outcome(grant, 60, attempt=9) == "GRANT_EXHAUSTED"
        assert await other.outcome(grant, 60, attempt=9) == "GRANT_EXHAUSTED"
    (row,) = two[0].query(
        "SELECT used, (SELECT count(*) FROM grant_uses WHERE grant_ref = ref) FROM grants WHERE account = %s",
        account,
    )
    assert row == (30, 30)


@pytest.mark.long
@pytest.mark.promise("S11")
async def test_the_brake_holds_over_replicas_and_alerts(stopped_vault: Vault) -> None:
    await stopped_vault.initialise()
    stopped_vault.settings["SMELT_RELEASE_BRAKE_GRANTS"] = "10"
    stopped_vault.settings["SMELT_RELEASE_BRAKE_ACCOUNTS"] = "4"
    await stopped_vault.start()
    other = await beside(stopped_vault)
    vaults = (stopped_vault, other)
    try:
        accounts = [new_account() for _ in range(8)]
        keys = {account: await stopped_vault.add_key(account) for account in accounts}

        async def begin(account: str, n: int) -> str:
            grant = await stopped_vault.grant(account, keys[account].name)
            return grants.setdefault(grant.token, await streams[n % 2].outcome(grant.token))

        grants: dict[str, str] = {}
        async with worker(vaults[0]) as one, worker(vaults[1]) as two:
            streams = (one, two)
            # More accounts than may begin, each over both replicas, at once.
            said = await asyncio.gather(*(begin(account, n) for n, account in enumerate(accounts)))
            assert sorted(said) == ["RELEASE_BRAKE"] * 4 + [SECRET] * 4
            inside = [account for account, each in zip(accounts, said, strict=True) if each == SECRET]
            # An account that is in may begin more, up to the number of grants.
            said = await asyncio.gather(*(begin(inside[n % 4], n) for n in range(12)))
            assert sorted(said) == ["RELEASE_BRAKE"] * 6 + [SECRET] * 6
            # What has begun goes on.
            good, refused = ([token for token, each in grants.items() if (each == SECRET) is wanted]
                             for wanted in (True, False))  # fmt: skip
            assert [await one.outcome(token, 2) for token in good] == [SECRET] * 10
            # A minute later the others may: nothing was taken from them.
            stopped_vault.query("UPDATE grants SET met_time = met_time - interval '61 seconds'")
            assert [await two.outcome(token, 1) for token in refused[:3]] == [SECRET] * 3
        assert "release.brake" in stopped_vault.log() + other.log()
        refusals = stopped_vault.query(
            "SELECT count(*) FROM audit_records WHERE body::json->>'reason' = 'RELEASE_BRAKE'"
        )
        assert refusals == [(10,)]
    finally:
        await other.close()
        await stopped_vault.close()


@pytest.mark.long
@pytest.mark.promise("S43")
async def test_one_account_cannot_use_up_the_brake_for_everybody(stopped_vault: Vault) -> None:
    await stopped_vault.initialise()
    stopped_vault.settings["SMELT_RELEASE_BRAKE_GRANTS"] = "20"
    stopped_vault.settings["SMELT_RELEASE_BRAKE_SHARE"] = "5"
    await stopped_vault.start()
    other = await beside(stopped_vault)
    try:
        greedy, honest = new_account(), new_account()
        names = {account: (await stopped_vault.add_key(account)).name for account in (greedy, honest)}

        async def begin(stream: Worker, account: str) -> str:
            return await stream.outcome((await stopped_vault.grant(account, names[account])).token)

        async with worker(stopped_vault) as one, worker(other) as two:
            # Over both replicas, at once: the share is one.
            said = await asyncio.gather(*(begin((one, two)[n % 2], greedy) for n in range(40)))
            assert sorted(said) == ["GRANT_LIMIT"] * 35 + [SECRET] * 5
            assert [await begin(two, honest) for _ in range(3)] == [SECRET] * 3
        assert "release.brake" not in stopped_vault.log() + other.log()
    finally:
        await other.close()
        await stopped_vault.close()
