"""A provider that fails every row from the start: the job pauses and names the model, nothing is metered."""

import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
from smelt.processor.v1 import jobs_pb2

from tests.integration.processor.stand_in_services import World
from tests.integration.processor.stand_ins import StandIns
from tests.integration.processor.suite import Person, Process, State, Suite, gateway_channel
from tests.support.provider import Provider

REJECTED = jobs_pb2.Job.PROVIDER_REJECTED
MODEL = "gpt-4o-minni"


@pytest.fixture
async def mia(suite: Suite, stand_ins: StandIns) -> AsyncIterator[Person]:
    """A person who has used nothing yet, in each test another."""
    async with gateway_channel(suite.certificates, suite.address) as channel:
        person = Person(channel, stand_ins.passport(account := f"mia{secrets.token_hex(4)}"))
        person.account = account  # type: ignore[attr-defined]
        yield person


def file_of(world: World, person: Any, count: int) -> str:
    return world.add_file(["Row"], [[f"row-{number}."] for number in range(1, count + 1)], person.account)


@pytest.mark.parametrize(
    "rule",
    [
        {"action": "status", "status": 404},
        {"action": "status", "status": 400},
        {"action": "html"},
    ],
)
async def test_a_job_whose_rows_all_fail_pauses_after_a_handful_and_loses_none(
    mia: Person, worker: Process, world: World, provider: Provider, rule: dict[str, Any]
) -> None:
    provider.script(rule)
    template = await mia.template("Say {{Row}}", model=MODEL)
    job = await mia.start(file_of(world, mia, 60), template, parallel_calls=2)
    paused = await mia.until(job.name, State.PAUSED)
    assert paused.pause_reason == REJECTED
    assert MODEL in paused.error.message
    assert len({seen["prompt"] for seen in provider.requests()}) <= 5 + 2
    assert (paused.request_counts.failed, (await mia.used()).used) == (0, 0)
    # What was held back is no result, so nothing is lost.
    provider.script()
    await mia.resume(job.name)
    done = await mia.until(job.name)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 60)
    assert (await mia.used()).used == 60


async def test_a_small_job_with_a_model_that_does_not_exist_pauses_too(
    mia: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script({"action": "status", "status": 404})
    job = await mia.start(file_of(world, mia, 2), await mia.template("Say {{Row}}", model=MODEL))
    paused = await mia.until(job.name, State.PAUSED)
    assert (paused.pause_reason, paused.request_counts.failed) == (REJECTED, 0)
    assert MODEL in paused.error.message
    assert (await mia.used()).used == 0


async def test_bad_rows_before_a_good_one_fail_by_themselves(
    mia: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(
        {"action": "status", "status": 400, "contains": "row-1."},
        {"action": "status", "status": 404, "contains": "row-2."},
    )
    job = await mia.start(file_of(world, mia, 4), await mia.template("Say {{Row}}"), parallel_calls=1)
    done = await mia.until(job.name)
    assert (done.state, done.request_counts.failed) == (State.COMPLETED, 2)
    assert (await mia.used()).used == 4


async def test_a_small_job_whose_rows_are_all_bad_completes(
    mia: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script({"action": "status", "status": 400})
    job = await mia.start(file_of(world, mia, 2), await mia.template("Say {{Row}}"))
    done = await mia.until(job.name)
    assert (done.state, done.request_counts.failed) == (State.COMPLETED, 2)


async def test_a_second_step_with_a_model_that_does_not_exist_keeps_the_first(
    mia: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script({"action": "status", "status": 404, "contains": "Again"})
    first = await mia.template("Say {{Row}}")
    second = await mia.template("Again {{Hook}}", "Again", model=MODEL)
    job = await mia.start(file_of(world, mia, 30), first, second, parallel_calls=2)
    paused = await mia.until(job.name, State.PAUSED)
    assert (paused.pause_reason, paused.request_counts.failed) == (REJECTED, 0)
    assert MODEL in paused.error.message
    provider.script()
    await mia.resume(job.name)
    done = await mia.until(job.name)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 30)
    # Each step once: the first steps of the rows that were held back were kept.
    assert (await mia.used()).used == 60
