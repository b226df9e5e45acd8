"""Workers that are killed or stopped in the middle of a job."""

import asyncio
import csv
import io

import psycopg
import pytest

from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State, Suite
from tests.support.provider import Provider, answer_for
from tests.support.vault.stand_in import VaultStandIn

ROWS = 600
CALLS = 120


async def _half_done(ada: Person, name: str) -> None:
    while (await ada.job(name)).request_counts.succeeded < ROWS // 4:
        await asyncio.sleep(0.02)


async def _start(ada: Person, world: World, provider: Provider) -> str:
    provider.script(latency_ms=150)
    file = world.add_file(["Name"], [[f"person {number}"] for number in range(1, ROWS + 1)])
    job = await ada.start(file, await ada.template("Say hello to {{Name}}"), parallel_calls=CALLS)
    name: str = job.name
    return name


async def _check(ada: Person, name: str) -> None:
    done = await ada.until(name)
    assert (done.state, done.request_counts.succeeded, done.request_counts.failed) == (
        State.COMPLETED,
        ROWS,
        0,
    )
    _, data = await ada.download(name)
    got = list(csv.reader(io.StringIO(data.decode(), newline="")))[1:]
    people = [f"person {number}" for number in range(1, ROWS + 1)]
    assert got == [[each, answer_for(f"Say hello to {each}")] for each in people]


@pytest.mark.promise("S40")
@pytest.mark.promise("S41")
async def test_a_killed_worker_loses_nothing_and_repeats_at_most_the_calls_in_flight(
    suite: Suite, ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    other = suite.worker()
    name = await _start(ada, world, provider)
    await _half_done(ada, name)
    other.kill()
    worker.kill()
    # Both are dead: the next worker takes everything over.
    suite.worker()
    await _check(ada, name)
    assert ROWS <= len(provider.prompts()) <= ROWS + CALLS


async def test_a_stopped_worker_finishes_its_calls_and_gives_the_rest_back(
    suite: Suite, ada: Person, world: World, provider: Provider
) -> None:
    other = suite.worker()
    name = await _start(ada, world, provider)
    await _half_done(ada, name)
    assert other.terminate() == 0
    suite.worker()
    await _check(ada, name)
    assert len(provider.prompts()) == ROWS


@pytest.mark.long
async def test_a_stopped_worker_does_not_wait_for_calls_without_end(
    suite: Suite, ada: Person, world: World, provider: Provider
) -> None:
    for process in suite.processes[1:]:
        process.popen.terminate()
    other = suite.worker(SMELT_DRAIN_SECONDS="1")
    provider.script(latency_ms=600_000)
    file = world.add_file(["Name"], [[f"person {number}"] for number in range(5)])
    job = await ada.start(file, await ada.template("Say hello to {{Name}}"), parallel_calls=5)
    while provider.summary()["in_flight"] < 5:
        await asyncio.sleep(0.02)
    assert other.terminate() == 0
    # The worker ended before any call was answered: the answers take longer than this test may.
    assert [seen["status"] for seen in provider.requests()] == [None] * 5
    provider.script()
    suite.worker()
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 5)
    assert len(provider.prompts()) == 10


@pytest.mark.long
@pytest.mark.parametrize("shift_seconds", [3600.0, pytest.param(-3600.0, marks=pytest.mark.long)])
async def test_a_worker_whose_clock_is_an_hour_off_neither_takes_nor_leaves_too_much(
    suite: Suite, ada: Person, world: World, vault: VaultStandIn, provider: Provider, shift_seconds: float
) -> None:
    for process in suite.processes[1:]:
        process.popen.terminate()
    shifted = suite.shifted_worker(shift_seconds)
    provider.script(latency_ms=100)
    # While the vault is away, shards go back to the queue for some seconds, which must not become an hour.
    vault.refuse("ReleaseApiKeys", "AUDIT_UNAVAILABLE", times=5)
    file = world.add_file(["Name"], [[f"person {number}"] for number in range(1, 21)])
    job = await ada.start(file, await ada.template("Say hello to {{Name}}"), parallel_calls=5)
    # Another worker with the right time must not take the shards that the first one still holds.
    suite.worker()
    done = await ada.until(job.name)
    assert shifted.terminate() == 0
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 20)
    assert len([seen for seen in provider.requests() if seen["status"] == 200]) == 20


@pytest.mark.long
@pytest.mark.promise("S41")
@pytest.mark.promise("S59")
async def test_rows_that_outlive_ten_workers_fail_and_are_not_paid_for_again(
    suite: Suite, ada: Person, world: World, provider: Provider
) -> None:
    for process in suite.processes[1:]:
        process.popen.terminate()
    # What stops a worker is answered last; the rows behind it are done each time.
    provider.script({"action": "slow", "seconds": 600, "contains": "person 1 "})
    first = suite.worker()
    file = world.add_file(["Name"], [[f"person {number} "] for number in range(1, 7)])
    job = await ada.start(file, await ada.template("Say hello to {{Name}}"), parallel_calls=2)
    while (await ada.job(job.name)).request_counts.succeeded < 5:
        await asyncio.sleep(0.02)
    first.kill()
    with psycopg.connect(suite.conninfo) as connection:
        claims = connection.execute(
            "SELECT claims FROM shard WHERE job = %s", (job.name.removeprefix("jobs/"),)
        )
        assert claims.fetchone() == (1,)
        connection.execute("UPDATE shard SET claims = 10")
    calls = len(provider.prompts())
    suite.worker()
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded, done.request_counts.failed) == (State.COMPLETED, 5, 1)
    (failed,) = (await ada.rows(job.name, filter="state = FAILED")).rows
    assert (failed.number, failed.error.reason, failed.attempts) == (1, "WORKER_FAILED", 0)
    assert len(provider.prompts()) == calls


@pytest.mark.promise("S59")
@pytest.mark.long
async def test_rows_behind_the_first_open_one_do_not_make_takeovers_forgotten(
    suite: Suite, ada: Person, world: World, provider: Provider
) -> None:
    for process in suite.processes[1:]:
        process.popen.terminate()
    provider.script({"action": "slow", "seconds": 600, "contains": "person 1 "}, latency_ms=200)
    worker = suite.worker()
    file = world.add_file(["Name"], [[f"person {number} "] for number in range(1, 101)])
    job = await ada.start(file, await ada.template("Say hello to {{Name}}"), parallel_calls=2)
    for takeovers in (1, 2, 3):
        before = (await ada.job(job.name)).request_counts.succeeded
        while (await ada.job(job.name)).request_counts.succeeded < before + 2:
            await asyncio.sleep(0.02)
        worker.kill()
        with psycopg.connect(suite.conninfo) as connection:
            claims = connection.execute(
                "SELECT claims FROM shard WHERE job = %s", (job.name.removeprefix("jobs/"),)
            )
            assert claims.fetchone() == (takeovers,)
        worker = suite.worker()
    await ada.cancel(job.name)
