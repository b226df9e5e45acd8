"""Economy jobs that are paused, cancelled, deleted, or out of money, while a batch is at the provider."""

import asyncio
from typing import Any

import psycopg
import pytest

from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State, Suite, refusal
from tests.support.provider import Provider
from tests.support.vault.stand_in import VaultStandIn

ROWS = 6
SOON = {"SMELT_BATCH_POLL_SECONDS": "0.2"}
DAY = 86_400


def only_worker(suite: Suite, **settings: str) -> Process:
    no_worker(suite)
    return suite.worker(**SOON | settings)


def no_worker(suite: Suite) -> None:
    for process in suite.processes[1:]:
        if process.popen.poll() is None:
            process.kill()


async def started(ada: Person, world: World, **more: Any) -> str:
    file = world.add_file(["Name"], [[f"person {number}."] for number in range(1, ROWS + 1)])
    template = await ada.template("Say hello to {{Name}}", model="gpt-4o-mini")
    name: str = (await ada.start(file, template, economy=True, **more)).name
    return name


async def until_sent(ada: Person, provider: Provider, job: str) -> None:
    while not any(_is(each, "GET", "/v1/batches/") for each in provider.requests()):
        await asyncio.sleep(0.05)
    assert (await ada.job(job)).batches_under_way == 1


def _is(seen: dict[str, Any], method: str, path: str) -> bool:
    return seen["method"] == method and bool(seen["path"].startswith(path))


def count(provider: Provider, method: str, path: str) -> int:
    return sum(_is(seen, method, path) for seen in provider.requests())


async def until_cancelled(provider: Provider) -> None:
    while not any(each["path"].endswith("/cancel") for each in provider.requests()):
        await asyncio.sleep(0.05)


async def test_a_paused_job_leaves_its_batch_and_collects_it_when_it_is_resumed(
    suite: Suite, ada: Person, world: World, provider: Provider
) -> None:
    only_worker(suite)
    provider.script(batch_seconds=3)
    job = await started(ada, world)
    await until_sent(ada, provider, job)
    await ada.pause(job)
    assert (await ada.until(job, State.PAUSED)).request_counts.succeeded == 0
    await ada.resume(job)
    done = await ada.until(job)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, ROWS)
    assert (count(provider, "POST", "/v1/batches"), count(provider, "BATCH", "/")) == (1, ROWS)


async def test_a_cancelled_job_cancels_its_batch_and_ends_its_grant_after_that(
    suite: Suite, ada: Person, world: World, provider: Provider, vault: VaultStandIn
) -> None:
    only_worker(suite)
    provider.script(batch_seconds=DAY)
    job = await started(ada, world)
    await until_sent(ada, provider, job)
    no_worker(suite)
    assert (await ada.cancel(job)).state == State.CANCELLED
    assert await refusal(ada.delete(job)) == "BATCHES_OPEN"
    only_worker(suite)
    await until_cancelled(provider)
    while (await ada.job(job)).batches_under_way:
        await asyncio.sleep(0.05)
    while not await ended(suite, vault, job):
        await asyncio.sleep(0.05)
    await ada.delete(job)
    assert count(provider, "BATCH", "/") == 0


async def ended(suite: Suite, vault: VaultStandIn, job: str) -> bool:
    async with await psycopg.AsyncConnection.connect(suite.conninfo) as connection:
        cursor = await connection.execute(
            "SELECT account, grant_id FROM job WHERE id = %s", (job.removeprefix("jobs/"),)
        )
        row = await cursor.fetchone()
    return row is not None and vault.grants.is_over(tuple(row))


async def test_a_batch_that_was_being_made_when_its_job_was_cancelled_is_found_and_cancelled(
    suite: Suite, ada: Person, world: World, provider: Provider
) -> None:
    worker = only_worker(suite)
    provider.script(
        {"action": "slow", "seconds": 600, "method": "POST", "path": "/v1/batches"}, batch_seconds=DAY
    )
    job = await started(ada, world)
    while not count(provider, "POST", "/v1/batches"):
        await asyncio.sleep(0.05)
    worker.kill()
    await ada.cancel(job)
    provider.script(batch_seconds=DAY)
    only_worker(suite)
    await until_cancelled(provider)
    while (await ada.job(job)).batches_under_way:
        await asyncio.sleep(0.05)


@pytest.mark.long
async def test_a_stopped_worker_leaves_a_waiting_batch_to_the_next_one(
    suite: Suite, ada: Person, world: World, provider: Provider
) -> None:
    worker = only_worker(suite)
    provider.script(batch_seconds=2)
    job = await started(ada, world)
    await until_sent(ada, provider, job)
    assert worker.terminate() == 0
    only_worker(suite)
    assert (await ada.until(job)).request_counts.succeeded == ROWS
    assert count(provider, "POST", "/v1/batches") == 1


async def test_a_budget_pauses_before_the_batch_that_could_exceed_it(
    suite: Suite, ada: Person, world: World, provider: Provider
) -> None:
    only_worker(suite)
    job = await started(ada, world, max_cost_usd="0.00001")
    paused = await ada.until(job, State.PAUSED)
    assert (paused.pause_reason, count(provider, "POST", "/v1/files")) == (paused.BUDGET, 0)
    # What a batch does not use of what is set aside for it comes back, so several pay for all rows.
    await ada.resume(job, max_cost_usd="0.0008")
    done = await ada.until(job)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, ROWS)
    assert count(provider, "POST", "/v1/batches") > 1
    assert 0 < float(done.cost_usd) < 0.0008


async def test_a_full_queue_at_the_provider_pauses_the_job_if_none_of_its_batches_waits(
    suite: Suite, ada: Person, world: World, provider: Provider
) -> None:
    only_worker(suite)
    provider.script(batch_end="token_limit")
    job = await started(ada, world)
    paused = await ada.until(job, State.PAUSED)
    assert (paused.pause_reason, paused.error.reason) == (paused.PROVIDER_RATE_LIMIT, "BATCH_QUEUE_FULL")
    provider.script()
    await ada.resume(job)
    assert (await ada.until(job)).request_counts.succeeded == ROWS


@pytest.mark.long
async def test_a_provider_that_is_away_pauses_the_job_after_a_while(
    suite: Suite, ada: Person, world: World, provider: Provider
) -> None:
    only_worker(suite, SMELT_OUTAGE_PATIENCE_SECONDS="1")
    provider.script({"action": "status", "status": 503, "path": "/v1/files"})
    job = await started(ada, world)
    assert (await ada.until(job, State.PAUSED)).error.reason == "PROVIDER_DOWN"
    provider.script()
    await ada.resume(job)
    assert (await ada.until(job)).request_counts.succeeded == ROWS


async def test_a_deleted_key_pauses_the_job(
    suite: Suite, ada: Person, world: World, provider: Provider, vault: VaultStandIn
) -> None:
    only_worker(suite)
    provider.script(batch_seconds=DAY)
    job = await started(ada, world)
    await until_sent(ada, provider, job)
    vault.refuse("ReleaseApiKeys", "API_KEY_DELETED")
    paused = await ada.until(job, State.PAUSED)
    assert paused.pause_reason == paused.API_KEY_DELETED
    vault.relent()
    await ada.cancel(job)
    await until_cancelled(provider)


@pytest.mark.long
async def test_rows_that_were_given_up_leave_no_batch_behind(
    suite: Suite, ada: Person, world: World, provider: Provider
) -> None:
    only_worker(suite)
    provider.script(batch_seconds=DAY)
    job = await started(ada, world)
    await until_sent(ada, provider, job)
    no_worker(suite)
    with psycopg.connect(suite.conninfo) as connection:
        connection.execute("UPDATE shard SET claims = 10 WHERE job = %s", (job.removeprefix("jobs/"),))
    only_worker(suite)
    done = await ada.until(job)
    assert (done.state, done.request_counts.failed) == (State.COMPLETED, ROWS)
    while (await ada.job(job)).batches_under_way:
        await asyncio.sleep(0.05)
    await ada.delete(job)
