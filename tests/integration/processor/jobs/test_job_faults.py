"""Faults that a job can meet, at the provider and elsewhere, and what they do to it."""

import asyncio
import csv
import io
from itertools import pairwise

import pytest
from smelt.processor.v1 import jobs_pb2

from deploy.local.valkey import Valkey
from services.processor.provider.rate_key import rate_key
from services.processor.provider.shared_paces import SharedPaces
from services.processor.valkey import connect
from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State
from tests.support.patience import eventually
from tests.support.provider import Provider, answer_for
from tests.support.vault.known import PROVIDER_SECRET
from tests.support.vault.stand_in import VaultStandIn

COLUMNS = ["Name"]
PROMPT = "Say hello to {{Name}}"


def names(count: int) -> list[list[str]]:
    return [[f"person-{number}."] for number in range(1, count + 1)]


async def no_more_calls(provider: Provider, *, since: int, keys_out: int) -> None:
    """Check that only calls whose keys were already released arrived since, and that no more follow."""
    await eventually(lambda: provider.summary()["in_flight"] == 0)
    calls = provider.summary()["total"]
    assert calls - since <= keys_out
    await asyncio.sleep(1.0)
    assert provider.summary()["total"] == calls


async def test_broken_answers_are_asked_for_again_and_recovered(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(
        {"action": "status", "status": 500, "contains": "person-1.", "first": 2},
        {"action": "not_json", "contains": "person-2.", "first": 1},
        {"action": "empty_choices", "contains": "person-3.", "first": 1},
        {"action": "cut_off", "contains": "person-4.", "first": 1},
        {"action": "reset", "contains": "person-5.", "first": 1},
        {"action": "html", "contains": "person-6.", "first": 1},
        {"action": "wrong_types", "contains": "person-7.", "first": 1},
        {"action": "nuls", "contains": "person-8.", "first": 1},
    )
    job = await ada.start(world.add_file(COLUMNS, names(10)), await ada.template(PROMPT), parallel_calls=10)
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 10)
    rows = {row.number: row for row in (await ada.rows(job.name)).rows}
    assert [rows[number].attempts for number in range(1, 11)] == [3, 2, 2, 2, 2, 2, 2, 2, 1, 1]
    assert rows[4].outputs["Hook"] == answer_for("Say hello to person-4.")


async def test_a_row_fails_after_three_attempts_with_a_reason_and_stops_no_other(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(
        {"action": "status", "status": 500, "contains": "person-1."},
        {"action": "not_json", "contains": "person-2."},
        {"action": "truncated", "contains": "person-3."},
        {"action": "content_filter", "contains": "person-4."},
        {"action": "status", "status": 404, "contains": "person-5."},
        {"action": "redirect", "contains": "person-6."},
        {"action": "huge", "megabytes": 3, "contains": "person-7."},
        {"action": "key_echo", "contains": "person-8."},
    )
    job = await ada.start(world.add_file(COLUMNS, names(9)), await ada.template(PROMPT), parallel_calls=9)
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded, done.request_counts.failed) == (State.COMPLETED, 1, 8)
    rows = (await ada.rows(job.name)).rows
    assert [(row.attempts, row.error.reason) for row in rows[:8]] == [
        (3, "PROVIDER_UNAVAILABLE"),
        (3, "PROVIDER_ANSWER_INVALID"),
        (1, "OUTPUT_TRUNCATED"),
        (1, "CONTENT_FILTERED"),
        (1, "PROVIDER_REJECTED"),
        (1, "PROVIDER_REJECTED"),
        (3, "PROVIDER_ANSWER_INVALID"),
        (1, "PROVIDER_ANSWER_INVALID"),
    ]
    _, data = await ada.download(job.name)
    assert PROVIDER_SECRET.encode() not in data


async def test_an_outage_in_the_middle_fails_no_row(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script({"action": "status", "status": 503, "at_most": 12})
    job = await ada.start(world.add_file(COLUMNS, names(30)), await ada.template(PROMPT), parallel_calls=5)
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 30)
    seen = provider.requests()
    away = sorted(each["received"] for each in seen if each["status"] == 503)
    assert (len(away), len(seen)) == (12, 42)
    # Five calls may have been in flight when it began; all others are tries, one at a time.
    assert sum(after < before + 0.4 for before, after in pairwise(away)) <= 4


async def test_one_refused_call_among_answered_ones_waits_alone(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(
        {"action": "status", "status": 429, "retry_after": 2, "contains": "person-1.", "first": 1}
    )
    job = await ada.start(world.add_file(COLUMNS, names(30)), await ada.template(PROMPT), parallel_calls=2)
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 30)
    seen = provider.requests()
    refused = next(each for each in seen if each["status"] == 429)
    (again,) = [each for each in seen if each["prompt"] == refused["prompt"] and each is not refused]
    assert again["received"] >= refused["ended"] + 2
    # The others did not wait for it.
    assert again is seen[-1]
    assert len(seen) == 31


async def test_retry_after_holds_everybody_back_where_all_calls_are_refused(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script({"action": "status", "status": 429, "retry_after": 1, "at_most": 6})
    job = await ada.start(world.add_file(COLUMNS, names(30)), await ada.template(PROMPT), parallel_calls=2)
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 30)
    seen = provider.requests()
    refused = [each for each in seen if each["status"] == 429]
    assert len(refused) == 6
    for each in refused:
        again = next(
            other for other in seen if other["prompt"] == each["prompt"] and other["received"] > each["ended"]
        )
        assert again["received"] >= each["ended"] + 1
    # Three refusals are enough. One call may have been under way when the third arrived.
    held = refused[2]["ended"]
    assert len([each for each in seen if held < each["received"] < held + 1]) <= 1


@pytest.mark.parametrize(
    ("rule", "pause"),
    [
        ({"action": "status", "status": 401, "echo_key": "full"}, "PROVIDER_AUTH"),
        ({"action": "insufficient_quota"}, "PROVIDER_QUOTA"),
    ],
)
async def test_a_refused_key_pauses_the_job_instead_of_burning_rows(
    ada: Person, worker: Process, world: World, provider: Provider, rule: dict[str, object], pause: str
) -> None:
    provider.script(rule)
    job = await ada.start(world.add_file(COLUMNS, names(200)), await ada.template(PROMPT), parallel_calls=4)
    paused = await ada.until(job.name, State.PAUSED)
    assert paused.PauseReason.Name(paused.pause_reason) == pause
    assert paused.error.reason == pause
    assert (paused.request_counts.succeeded, paused.request_counts.failed) == (0, 0)
    await asyncio.sleep(0.5)
    assert provider.summary()["total"] <= 4
    _, data = await ada.download(job.name)
    assert len(data.splitlines()) == 201


@pytest.mark.promise("S42")
async def test_cancel_stops_provider_calls_within_two_seconds_and_keeps_results(
    ada: Person, worker: Process, world: World, vault: VaultStandIn, provider: Provider
) -> None:
    provider.script(latency_ms=300)
    job = await ada.start(world.add_file(COLUMNS, names(1000)), await ada.template(PROMPT), parallel_calls=50)
    while (await ada.job(job.name)).request_counts.succeeded < 20:
        await asyncio.sleep(0.05)
    cancelled = await ada.cancel(job.name)
    assert cancelled.state == State.CANCELLED
    await no_more_calls(provider, since=provider.summary()["total"], keys_out=50)
    assert (await ada.cancel(job.name)).state == State.CANCELLED
    kept = (await ada.job(job.name)).request_counts.succeeded
    assert 20 <= kept < 1000
    assert len((await ada.rows(job.name, filter="state = SUCCEEDED", page_size=1000)).rows) == kept
    headers, data = await ada.download(job.name)
    assert headers["x-smelt-row-count"] == "1000"
    assert len(data.splitlines()) == 1001
    assert vault.grants.revoked


@pytest.mark.promise("S42")
async def test_a_deleted_key_pauses_the_job(
    ada: Person, worker: Process, world: World, vault: VaultStandIn, provider: Provider
) -> None:
    provider.script(latency_ms=200)
    job = await ada.start(world.add_file(COLUMNS, names(500)), await ada.template(PROMPT), parallel_calls=10)
    await ada.until(job.name, State.RUNNING)
    provider.wait_for(5)
    vault.refuse("ReleaseApiKeys", "API_KEY_DELETED")
    before = provider.summary()["total"]
    paused = await ada.until(job.name, State.PAUSED)
    assert paused.PauseReason.Name(paused.pause_reason) == "API_KEY_DELETED"
    await no_more_calls(provider, since=before, keys_out=10)
    vault.relent()


async def test_a_deleted_file_fails_the_job_which_keeps_what_it_has(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(latency_ms=100)
    file = world.add_file(COLUMNS, names(1500))
    job = await ada.start(file, await ada.template(PROMPT), parallel_calls=20)
    while (await ada.job(job.name)).request_counts.succeeded < 20:
        await asyncio.sleep(0.05)
    world.files[file].deleted = True
    ended = await ada.until(job.name)
    assert (ended.state, ended.error.reason) == (State.FAILED, "FILE_DELETED")
    kept = (await ada.job(job.name)).request_counts.succeeded
    assert 20 <= kept < 1500
    headers, data = await ada.download(job.name)
    assert headers["x-smelt-row-count"] == "1500"
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))[1:]
    assert len(rows) == 1500
    # The file's own cells are gone with the file; the job's outputs are not.
    assert sum(1 for row in rows if row[-1]) == kept
    assert not any("".join(row[:-1]) for row in rows)


async def test_a_vault_that_is_away_for_a_moment_costs_time_and_no_rows(
    ada: Person, worker: Process, world: World, vault: VaultStandIn, provider: Provider
) -> None:
    vault.refuse("ReleaseApiKeys", "AUDIT_UNAVAILABLE", times=5)
    job = await ada.start(world.add_file(COLUMNS, names(20)), await ada.template(PROMPT))
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 20)
    assert len(provider.prompts()) == 20


async def test_a_limit_that_is_told_is_known_to_all_workers(
    ada: Person, worker: Process, world: World, vault: VaultStandIn, provider: Provider, valkey: Valkey
) -> None:
    """The limiter's own tests show, on a simulated clock, how closely a limit is kept and used."""
    provider.script(limit={"calls": 100, "window_seconds": 1.0}, latency_ms=20)
    file = world.add_file(COLUMNS, names(400))
    job = await ada.start(file, await ada.template(PROMPT, model="gpt-4o"), parallel_calls=50)
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 400)
    async with connect(valkey.url()) as redis:
        assert vault.usual_key
        where = rate_key(vault.usual_key.name, "gpt-4o")
        known = await SharedPaces(redis).lease(where, version=0, wanted=0, rate=None, passed=0)
    assert known.pace
    assert known.pace.told == 100


@pytest.mark.long
async def test_a_limit_that_is_not_told_is_found_and_fails_no_row(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(limit={"calls": 30, "window_seconds": 0.5, "tell": False}, latency_ms=20)
    file = world.add_file(COLUMNS, names(240))
    job = await ada.start(file, await ada.template(PROMPT, model="gpt-4.1"), parallel_calls=50)
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 240)
    # On a slow enough machine, no call is refused.
    assert sum(each["status"] == 429 for each in provider.requests()) < 120


@pytest.mark.long
async def test_a_provider_that_only_refuses_for_rate_pauses_the_job_and_spends_no_grant(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script({"action": "status", "status": 429})
    file = world.add_file(COLUMNS, names(40))
    job = await ada.start(file, await ada.template(PROMPT, model="gpt-4.1-mini"), parallel_calls=40)
    paused = await ada.until(job.name, State.PAUSED)
    assert jobs_pb2.Job.PauseReason.Name(paused.pause_reason) == "PROVIDER_RATE_LIMIT"
    assert paused.error.reason == "PROVIDER_RATE_LIMITED"
    assert paused.request_counts.failed == 0
    # Each lane may have sent a call or two before the pace fell.
    assert len(provider.requests()) < 100
    provider.reset()
    await ada.resume(job.name)
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 40)
