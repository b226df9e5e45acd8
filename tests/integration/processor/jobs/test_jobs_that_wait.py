"""Jobs whose provider is away go on by themselves when it answers, unless their owner says otherwise."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool
from smelt.processor.v1 import jobs_pb2

from services.processor.jobs.store.control import JobControlStore
from services.processor.jobs.store.probes import ProbeStore
from tests.integration.processor.stand_in_services import World
from tests.integration.processor.stand_ins import StandIns
from tests.integration.processor.suite import Person, State, Suite, gateway_channel
from tests.support.patience import eventually
from tests.support.provider import Provider

AWAY = {"action": "status", "status": 503}
DOWN = jobs_pb2.Job.PROVIDER_DOWN


@pytest.fixture
def lone_suite(suite_apart: Suite) -> Suite:
    """A processor with little patience for providers that are away."""
    suite_apart.settings |= {"SMELT_OUTAGE_PATIENCE_SECONDS": "0.5", "SMELT_OUTAGE_PROBE_SECONDS": "0.5"}
    suite_apart.serve()
    return suite_apart


@pytest.fixture
async def owner(lone_suite: Suite, stand_ins: StandIns) -> AsyncIterator[Person]:
    async with gateway_channel(lone_suite.certificates, lone_suite.address) as channel:
        yield Person(channel, stand_ins.passport("ada"))


async def started(owner: Person, world: World, rows: int = 3) -> str:
    file = world.add_file(["Row"], [[str(number)] for number in range(rows)])
    job = await owner.start(file, await owner.template("Say {{Row}}"), parallel_calls=2)
    return str(job.name)


def of_job(suite: Suite, job: str) -> tuple[Any, ...]:
    with psycopg.connect(suite.conninfo) as connection:
        row = connection.execute(
            "SELECT state, pause_reason, probe_count FROM job WHERE id = %s", (job.removeprefix("jobs/"),)
        ).fetchone()
    assert row is not None
    return row


def probes(provider: Provider) -> list[dict[str, Any]]:
    return [seen for seen in provider.requests() if seen["path"] == "/v1/models"]


async def test_a_job_goes_on_by_itself_when_its_provider_answers_again(
    lone_suite: Suite, owner: Person, world: World, provider: Provider
) -> None:
    for _ in range(2):
        lone_suite.worker()
    provider.script(AWAY)
    job = await started(owner, world)
    paused = await owner.until(job, State.PAUSED)
    assert (paused.pause_reason, paused.request_counts.failed, paused.output_tokens) == (DOWN, 0, 0)
    # Tried without a key, however many workers there are, and nothing of it is counted.
    await eventually(lambda: len(probes(provider)) >= 2)
    assert all(seen["authorization_sha256"] is None for seen in probes(provider))
    assert (await owner.job(job)).state == State.PAUSED
    provider.script()
    done = await owner.until(job)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 3)


@pytest.mark.long
async def test_what_its_owner_does_meanwhile_wins(
    lone_suite: Suite, owner: Person, world: World, provider: Provider
) -> None:
    lone_suite.worker()
    provider.script(AWAY)
    stopped, ended, waits = [await started(owner, world) for _ in range(3)]
    for job in (stopped, ended, waits):
        await owner.until(job, State.PAUSED)
    await owner.pause(stopped)
    await owner.cancel(ended)
    provider.script()
    assert (await owner.until(waits)).state == State.COMPLETED
    left = await owner.job(stopped)
    assert (left.state, left.pause_reason) == (State.PAUSED, jobs_pb2.Job.USER)
    assert (await owner.job(ended)).state == State.CANCELLED


async def test_of_two_workers_one_tries_and_one_resumes_and_a_lost_one_is_replaced(
    lone_suite: Suite, owner: Person, world: World, provider: Provider
) -> None:
    first, second = [await started(owner, world) for _ in range(2)]
    with psycopg.connect(lone_suite.conninfo) as connection:
        connection.execute(
            "UPDATE job SET state = 'PAUSED', pause_reason = 'PROVIDER_DOWN', down_time = now(),"
            " probe_time = now(), probe_count = 0"
        )
    ids = {job.removeprefix("jobs/") for job in (first, second)}
    async with AsyncConnectionPool(lone_suite.conninfo, open=False) as pool:
        store, control = ProbeStore(pool, first_gap=3600), JobControlStore(pool)
        taken = [each for each in await asyncio.gather(*(store.take() for _ in range(4))) if each]
        assert [set(each.jobs) for each in taken] == [ids]
        # A worker that took them may die: they are due again after the gap.
        assert await store.take() is None
        with psycopg.connect(lone_suite.conninfo) as connection:
            connection.execute("UPDATE job SET probe_time = now()")
        again = await store.take()
        assert again is not None
        went_on = [
            await asyncio.gather(*(control.go_on_after_outage(again.account, job) for _ in range(3)))
            for job in again.jobs
        ]
        assert [sorted(each) for each in went_on] == [[False, False, True]] * 2
        # A provider that is tried for a day in vain is left alone.
        with psycopg.connect(lone_suite.conninfo) as connection:
            connection.execute(
                "UPDATE job SET state = 'PAUSED', pause_reason = 'PROVIDER_DOWN', probe_time = now(),"
                " down_time = now() - interval '25 hours'"
            )
        assert await store.take() is None
    assert of_job(lone_suite, first)[:2] == ("PAUSED", "PROVIDER_DOWN")
