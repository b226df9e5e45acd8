"""The audit: durable before a key leaves, a chain that shows every change, and what happens without it."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from smelt.vault.v1 import api_keys_pb2

from tests.integration.auth.postgres_link import PostgresLink
from tests.integration.vault.audit_tools import chain_of, findings, first_bad, records
from tests.integration.vault.vault_process import SECRET, Vault, Worker, new_account, reason_of, worker
from tests.support.long_form import first
from tests.support.ports import free_port
from tests.support.stores import Databases


@pytest.mark.promise("S09")
async def test_the_record_is_there_when_the_key_arrives(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    signed = await vault.grant(account, key.name)
    async with worker(vault) as stream:
        for row in (1, 2, 3):
            assert await stream.outcome(signed.token, row) == SECRET
            ((outcome, body),) = vault.query(
                "SELECT outcome, body FROM audit_records WHERE account = %s AND action = 'release'"
                " AND (body::json->>'row')::int = %s",
                account,
                row,
            )
            said = json.loads(body)
            assert (outcome, said["caller"], said["grant"]) == ("released", "processor", signed.token_id)
            assert SECRET not in body
        assert await stream.outcome(signed.token, 1) == "RELEASE_REPLAYED"
    refused = vault.query(
        "SELECT body::json->>'reason' FROM audit_records WHERE account = %s AND outcome = 'refused'", account
    )
    assert refused == [("RELEASE_REPLAYED",)]


async def test_each_change_of_a_key_is_on_record(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    mine = await vault.passport(account)
    await vault.keys().ActivateApiKey(api_keys_pb2.ActivateApiKeyRequest(name=key.name), metadata=mine)
    await vault.keys().DeleteApiKey(api_keys_pb2.DeleteApiKeyRequest(name=key.name), metadata=mine)
    actions = vault.query(
        "SELECT action FROM audit_records WHERE account = %s AND object = %s ORDER BY seq", account, key.name
    )
    assert actions == [("create",), ("activate",), ("delete",)]


async def test_an_altered_reordered_cut_or_added_record_is_found(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    grant = (await vault.grant(account, key.name)).token
    async with worker(vault) as stream:
        await stream.outcomes(grant, range(1, 11))
    chain, found = await chain_of(vault), records(vault)
    assert first_bad(chain, found) is None
    at = len(found) - 5
    altered = [
        replace(found[at], outcome="refused"),
        replace(found[at], account="someone"),
        replace(found[at], body=found[at].body.replace("1", "2")),
        replace(found[at], time=found[at].time.replace(year=2001)),
        replace(found[at], mac=bytes(32)),
    ]
    for each in altered:
        assert first_bad(chain, [*found[:at], each, *found[at + 1 :]]) in {found[at].seq, found[at + 1].seq}
    assert first_bad(chain, [*found[:at], *found[at + 1 :]]) == found[at + 1].seq
    swapped = [*found[:at], replace(found[at + 1], seq=found[at].seq), *found[at + 1 :]]
    assert first_bad(chain, swapped) == found[at].seq
    assert first_bad(chain, found, slot="1") == 1


@dataclass(slots=True)
class Linked:
    """A vault whose way to its database a test can cut or freeze."""

    vault: Vault
    link: PostgresLink


@pytest.fixture
async def linked(stopped_vault: Vault, databases: Databases, tmp_path: Path) -> AsyncIterator[Linked]:
    await stopped_vault.initialise()
    port = free_port()
    link = PostgresLink(port, databases.cluster.port)
    await link.open()
    url_file = tmp_path / "linked.url"
    url_file.write_text(stopped_vault.database.url.replace(f":{databases.cluster.port}/", f":{port}/"))
    stopped_vault.files = replace(stopped_vault.files, database_url_file=url_file)
    await stopped_vault.start()
    yield Linked(stopped_vault, link)
    link.thaw()
    await stopped_vault.close()
    await link.cut()


@pytest.mark.promise("S09")
@pytest.mark.parametrize("how", first(2, ["frozen", "insert revoked", "stopped"]))
async def test_no_audit_record_no_key(linked: Linked, how: str) -> None:
    vault, link = linked.vault, linked.link
    account = new_account()
    key = await vault.add_key(account)
    grant = (await vault.grant(account, key.name, last_row=10_000)).token
    (role,) = vault.query("SELECT tableowner FROM pg_tables WHERE tablename = 'audit_records'")[0]
    async with worker(vault) as stream:
        assert await stream.outcome(grant, 1) == SECRET
        if how == "insert revoked":
            vault.query(f'REVOKE INSERT ON audit_records FROM "{role}"')
        elif how == "stopped":
            await link.cut()
        else:
            link.freeze()
        # All of them are refused while it lasts: none waits for the database to come back.
        assert set(await stream.outcomes(grant, range(2, 12))) == {"AUDIT_UNAVAILABLE"}
        if how != "frozen":
            assert await reason_of(vault.add_key(account)) in {"AUDIT_UNAVAILABLE", "UNAVAILABLE"}
        await vault.wait("/ready", 503)
        assert await vault.probe("/live") == 200
        before = vault.query("SELECT count(*) FROM audit_records WHERE outcome = 'released'")
        assert before == [(1,)]
        if how == "insert revoked":
            vault.query(f'GRANT INSERT ON audit_records TO "{role}"')
        elif how == "stopped":
            await link.open()
        else:
            link.thaw()
        await vault.wait("/ready", 200)
        assert await stream.outcomes(grant, range(100, 120)) == [SECRET] * 20
    assert first_bad(await chain_of(vault), records(vault)) is None


async def test_a_message_that_waits_no_longer_is_refused_in_its_own_time(linked: Linked) -> None:
    vault = linked.vault
    account = new_account()
    key = await vault.add_key(account)
    grant = (await vault.grant(account, key.name)).token
    async with worker(vault) as stream:
        assert await stream.outcome(grant, 1) == SECRET
        linked.link.freeze()
        answered: list[int] = []

        async def refused(row: int, **more: int) -> None:
            assert await stream.outcome(grant, row, **more) == "AUDIT_UNAVAILABLE"
            answered.append(row)

        # Asked for first, but in no hurry: both have waited for the same record in vain.
        await asyncio.gather(refused(2), refused(3, timeout_ms=300))
        assert answered == [3, 2]


async def killed_under_load(vault: Vault, kills: int) -> None:
    """Kill a vault again and again while keys leave it; each that was seen outside is on record."""
    account = new_account()
    key = await vault.add_key(account)
    signed = await vault.grant(
        account, key.name, last_row=1_000_000, release_budget=10**7, lifetime_seconds=86_400
    )
    grant = signed.token
    rows = itertools.count(1)
    received: list[int] = []

    async def load(stream: Worker) -> None:
        while True:
            row = next(rows)
            if await stream.outcome(grant, row) == SECRET:
                received.append(row)

    for kill in range(kills):
        before = len(received)
        async with worker(vault) as stream:
            tasks = [asyncio.ensure_future(load(stream)) for _ in range(32)]
            # At another place in the stream of commits each time.
            while len(received) < before + 20 + 7 * (kill % 11):
                await asyncio.sleep(0.001)
            await vault.kill()
            await asyncio.wait(tasks, timeout=5)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await vault.start()
    assert len(received) >= 20 * kills
    recorded = {
        json.loads(body)["row"]
        for (body,) in vault.query("SELECT body FROM audit_records WHERE outcome = 'released'")
    }
    assert set(received) <= recorded
    assert await findings(vault) == []
    # And what was stored before goes on being released.
    async with worker(vault) as stream:
        assert await stream.outcome(grant, next(rows)) == SECRET


@pytest.mark.promise("S09")
async def test_killed_under_load_every_key_that_left_is_on_record(fragile: Vault) -> None:
    await killed_under_load(fragile, 3)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.promise("S09")
async def test_killed_two_hundred_times_every_key_that_left_is_on_record(fragile: Vault) -> None:
    await killed_under_load(fragile, 200)


@pytest.mark.long
async def test_two_replicas_keep_a_chain_each_and_one_budget(fragile: Vault) -> None:
    other = replace(fragile, slot="1", address="", health="", process=None, _channels={})
    same = replace(fragile, slot="0", address="", health="", process=None, _channels={})
    account = new_account()
    key = await fragile.add_key(account)
    grant = (await fragile.grant(account, key.name, release_budget=30)).token
    try:
        await other.start()
        # A second process of a slot waits until the first is gone.
        await same.start(ready=False)
        async with worker(fragile) as one, worker(other) as two:
            answers = await asyncio.gather(
                one.outcomes(grant, range(1, 41)), two.outcomes(grant, range(21, 61))
            )
            outcomes = [*answers[0], *answers[1]]
            assert outcomes.count(SECRET) == 30
            assert set(outcomes) <= {SECRET, "GRANT_EXHAUSTED", "RELEASE_REPLAYED"}
            # Deleted at one replica, refused by the other at once.
            again = (await fragile.grant(account, key.name)).token
            assert await two.outcome(again, 1) == SECRET
            mine = await fragile.passport(account)
            await fragile.keys().DeleteApiKey(api_keys_pb2.DeleteApiKeyRequest(name=key.name), metadata=mine)
            assert await two.outcome(again, 2) == "API_KEY_DELETED"
        assert await same.probe("/ready") == 503
        await fragile.kill()
        await same.wait("/ready", 200)
    finally:
        await other.close()
        await same.close()
    chain = await chain_of(fragile)
    for slot in ("0", "1"):
        assert records(fragile, slot)
        assert first_bad(chain, records(fragile, slot), slot) is None


async def test_a_head_that_was_moved_stops_the_chain_instead_of_forking_it(fragile: Vault) -> None:
    account = new_account()
    key = await fragile.add_key(account)
    grant = (await fragile.grant(account, key.name)).token
    async with worker(fragile) as stream:
        assert await stream.outcome(grant, 1) == SECRET
        fragile.query("UPDATE audit_heads SET seq = seq - 1")
        assert await stream.outcome(grant, 2) == "AUDIT_UNAVAILABLE"
