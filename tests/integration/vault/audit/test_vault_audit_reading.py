"""What people learn from the audit log: the uses of their keys, and the events of their account."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from smelt.vault.v1 import api_keys_pb2, audit_pb2

from tests.integration.vault.vault_process import SECRET, Vault, new_account, reason_of, worker

RELEASED = api_keys_pb2.ApiKeyUse.RELEASED
REFUSED = api_keys_pb2.ApiKeyUse.REFUSED


async def uses_of(vault: Vault, account: str, name: str, **more: Any) -> api_keys_pb2.ListApiKeyUsesResponse:
    found: api_keys_pb2.ListApiKeyUsesResponse = await vault.keys().ListApiKeyUses(
        api_keys_pb2.ListApiKeyUsesRequest(parent=name, **more), metadata=await vault.passport(account)
    )
    return found


async def events_of(vault: Vault, account: str, **more: Any) -> audit_pb2.ListEventsResponse:
    found: audit_pb2.ListEventsResponse = await vault.audit().ListEvents(
        audit_pb2.ListEventsRequest(account=account, **more)
    )
    return found


def stamp(moment: datetime) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(moment)
    return made


async def test_an_owner_sees_for_which_jobs_a_key_was_used(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    assert not (await uses_of(vault, account, key.name)).uses
    first = (await vault.grant(account, key.name, job="jobs/first")).token
    second = (await vault.grant(account, key.name, job="jobs/second")).token
    async with worker(vault) as stream:
        assert await stream.outcomes(first, range(1, 6)) == [SECRET] * 5
        assert await stream.outcome(first, 1) == "RELEASE_REPLAYED"
        assert await stream.outcomes(second, range(1, 4)) == [SECRET] * 3
    told = (await uses_of(vault, account, key.name)).uses
    assert {(use.job, use.outcome, use.reason, use.count) for use in told} == {
        ("jobs/first", RELEASED, "", 5),
        ("jobs/first", REFUSED, "RELEASE_REPLAYED", 1),
        ("jobs/second", RELEASED, "", 3),
    }
    now = datetime.now(UTC)
    for use in told:
        times = (use.start_time.ToDatetime(UTC), use.end_time.ToDatetime(UTC))
        assert now - timedelta(minutes=1) < times[0] <= times[1] <= now
    # What was used stays known when the key is gone.
    await vault.keys().DeleteApiKey(
        api_keys_pb2.DeleteApiKeyRequest(name=key.name), metadata=await vault.passport(account)
    )
    assert len((await uses_of(vault, account, key.name)).uses) == 3


async def test_uses_come_in_pages_newest_first(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    # A year of hours, as the writer would have left it.
    vault.query(
        "CREATE TABLE IF NOT EXISTS audit_records_of_2001 PARTITION OF audit_records"
        " FOR VALUES FROM ('2001-01-01') TO ('2002-01-01')"
    )
    vault.query(
        "INSERT INTO audit_records SELECT 'old', 10 * n + k, timestamptz '2001-01-01T00:10Z' + n * interval"
        " '1 hour', %s, %s, 'release', 'released', json_build_object('job', 'jobs/' || k)::text, ''"
        " FROM generate_series(1, 400) n, generate_series(1, 3) k",
        account,
        key.name,
    )
    try:
        found: list[api_keys_pb2.ApiKeyUse] = []
        token = ""
        while True:
            page = await uses_of(vault, account, key.name, page_size=500, page_token=token)
            assert len(page.uses) <= 500
            found += page.uses
            if not (token := page.next_page_token):
                break
        assert len(found) == 1200
        hours = [use.end_time.ToSeconds() for use in found]
        assert hours == sorted(hours, reverse=True)
        assert {use.count for use in found} == {1}
        assert len({(use.job, use.end_time.ToSeconds()) for use in found}) == 1200
    finally:
        vault.query("DROP TABLE audit_records_of_2001")
    for odd in ("nonsense", "MjAwMS0wMS0wMVQwMDowMDowMCswMDowMHxhYmM"):
        assert await reason_of(uses_of(vault, account, key.name, page_token=odd)) == "PAGE_TOKEN_INVALID"


async def test_a_busy_hour_is_told_in_parts_that_add_up(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    vault.query(
        "CREATE TABLE IF NOT EXISTS audit_records_of_2003 PARTITION OF audit_records"
        " FOR VALUES FROM ('2003-01-01') TO ('2004-01-01')"
    )
    vault.query(
        "INSERT INTO audit_records SELECT 'busy', n, timestamptz '2003-01-01T00:10Z' + n / 256 * interval"
        " '1 second', %s, %s, 'release', 'released', '{\"job\":\"jobs/j\"}', ''"
        " FROM generate_series(1, 45000) n",
        account,
        key.name,
    )
    try:
        counts: list[int] = []
        token = ""
        while True:
            page = await uses_of(vault, account, key.name, page_token=token)
            counts += [use.count for use in page.uses]
            if not (token := page.next_page_token):
                break
        assert sum(counts) == 45_000
        assert len(counts) == 3
    finally:
        vault.query("DROP TABLE audit_records_of_2003")


async def test_auth_reads_an_accounts_events_by_time_and_page(vault: Vault) -> None:
    account = new_account()
    names = [(await vault.add_key(account, label=str(n))).name for n in range(3)]
    mine = await vault.passport(account)
    await vault.keys().ActivateApiKey(api_keys_pb2.ActivateApiKeyRequest(name=names[1]), metadata=mine)
    grant = (await vault.grant(account, names[0])).token
    async with worker(vault) as stream:
        assert await stream.outcome(grant) == SECRET
    await vault.keys().DeleteApiKey(api_keys_pb2.DeleteApiKeyRequest(name=names[2]), metadata=mine)
    everything = (await events_of(vault, account)).events
    said = [(event.action, event.object, event.outcome) for event in everything]
    assert said == [
        ("delete", names[2], "ok"),
        ("activate", names[1], "ok"),
        *(("create", name, "ok") for name in reversed(names)),
    ]
    assert everything[-1].details["base_url"].startswith("http://127.0.0.1")
    assert len({event.id for event in everything}) == 5
    paged: list[audit_pb2.AuditEvent] = []
    token = ""
    for count in (2, 2, 1):
        page = await events_of(vault, account, page_size=2, page_token=token)
        assert len(page.events) == count
        paged += page.events
        token = page.next_page_token
    assert (paged, token) == (list(everything), "")
    at = everything[1].time
    since = await events_of(vault, account, start_time=at)
    until = await events_of(vault, account, end_time=at)
    assert [*since.events, *until.events] == list(everything)
    assert len(since.events) == 2
    assert not (await events_of(vault, new_account())).events
    assert await reason_of(events_of(vault, "")) == "INVALID_REQUEST"
    far = Timestamp(seconds=2**60)
    assert await reason_of(events_of(vault, account, start_time=far)) == "INVALID_REQUEST"


@pytest.mark.promise("S30")
async def test_events_show_no_digest_of_a_key_and_nothing_of_others(vault: Vault) -> None:
    one, two = new_account(), new_account()
    await asyncio.gather(vault.add_key(one), vault.add_key(two))
    for account, other in ((one, two), (two, one)):
        (event,) = (await events_of(vault, account)).events
        assert other not in str(event)
        assert "key" not in event.details
