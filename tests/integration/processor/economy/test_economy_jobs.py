"""Jobs whose prompts go to the provider in batches, from their start to their download."""

import csv
import io
from typing import Any

import pytest

from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State, Suite, refusal
from tests.support.provider import Provider, answer_for
from tests.support.vault.stand_in import VaultStandIn

ROWS = 12
SOON = {"SMELT_BATCH_POLL_SECONDS": "0.2"}


@pytest.fixture(scope="module")
def worker(suite: Suite) -> Process:
    for process in suite.processes[1:]:
        process.popen.terminate()
    return suite.worker(**SOON)


def people(world: World, rows: int = ROWS) -> str:
    return world.add_file(["Name"], [[f"person {number}."] for number in range(1, rows + 1)])


def called(provider: Provider, method: str) -> list[str]:
    """Return the prompts that the provider answered in batches (`BATCH`) or one by one (`POST`)."""
    return [
        seen["prompt"]
        for seen in provider.requests()
        if seen["path"] == "/v1/chat/completions" and seen["method"] == method
    ]


async def table(ada: Person, job: str) -> list[list[str]]:
    _, data = await ada.download(job)
    return list(csv.reader(io.StringIO(data.decode(), newline="")))[1:]


async def hello(ada: Person, **more: Any) -> str:
    return await ada.template("Say hello to {{Name}}", model="gpt-4o-mini", **more)


async def test_each_row_is_answered_in_one_batch_at_half_the_price(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    file, template = people(world), await hello(ada)
    job = await ada.start(file, template, economy=True)
    assert job.economy
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, ROWS)
    names = [f"person {number}." for number in range(1, ROWS + 1)]
    assert await table(ada, job.name) == [[name, answer_for(f"Say hello to {name}")] for name in names]
    assert sorted(called(provider, "BATCH")) == sorted(f"Say hello to {name}" for name in names)
    assert called(provider, "POST") == []
    ordinary = await ada.until((await ada.start(file, template)).name)
    assert float(done.cost_usd) == pytest.approx(float(ordinary.cost_usd) / 2, abs=2e-6)
    assert done.input_tokens == ordinary.input_tokens


async def test_a_chain_goes_in_one_batch_for_each_step(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    first = await hello(ada)
    second = await ada.template("Shorten: {{Hook}}", column="Short")
    job = await ada.start(people(world, 3), first, second, economy=True)
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 3)
    for name, hook, short in await table(ada, job.name):
        assert hook == answer_for(f"Say hello to {name}")
        assert short == answer_for(f"Shorten: {hook}")
    made = [seen for seen in provider.requests() if (seen["method"], seen["path"]) == ("POST", "/v1/batches")]
    assert len(made) == 2


async def test_what_an_expired_batch_left_goes_in_the_ordinary_way(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(batch_end="expired", batch_share=0.5)
    job = await ada.start(people(world), await hello(ada), economy=True)
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, ROWS)
    assert (len(called(provider, "BATCH")), len(called(provider, "POST"))) == (ROWS // 2, ROWS // 2)
    assert len({*called(provider, "BATCH"), *called(provider, "POST")}) == ROWS


async def test_what_an_expired_batch_left_goes_in_another_batch_if_the_owner_wants_that(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(batch_end="expired", batch_share=0.5)
    job = await ada.start(people(world, 8), await hello(ada), economy=True, economy_rest="BATCH")
    done = await ada.until(job.name)
    # Of eight rows, three batches answer four, two and one; the last row has had its three.
    counts = done.request_counts
    assert (done.state, counts.succeeded, counts.failed) == (State.COMPLETED, 7, 1)
    assert (len(called(provider, "BATCH")), len(called(provider, "POST"))) == (7, 0)
    (failed,) = (await ada.rows(job.name, filter="state = FAILED")).rows
    assert failed.error.reason == "BATCH_UNANSWERED"
    # When its failed rows are sent again, they go in batches again.
    provider.script()
    again = await ada.until((await ada.retry_failed(job.name)).name)
    assert again.request_counts.succeeded == 8
    assert called(provider, "POST") == []


async def test_rows_fail_by_themselves_and_refusals_that_pass_are_left(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(
        {"action": "truncated", "contains": "person 1."},
        {"action": "key_echo", "contains": "person 2."},
        {"action": "status", "status": 500, "contains": "person 3.", "at_most": 1},
    )
    job = await ada.start(people(world, 5), await hello(ada), economy=True)
    done = await ada.until(job.name)
    assert (done.request_counts.succeeded, done.request_counts.failed) == (3, 2)
    failed = {row.number: row.error.reason for row in (await ada.rows(job.name)).rows if row.error.reason}
    assert failed == {1: "OUTPUT_TRUNCATED", 2: "PROVIDER_ANSWER_INVALID"}
    assert called(provider, "POST") == ["Say hello to person 3."]


async def test_a_part_that_the_model_refuses_is_left_out_of_the_next_batch(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script({"action": "refuse_parameter", "parameter": "temperature"})
    job = await ada.start(people(world, 4), await hello(ada), economy=True)
    assert (await ada.until(job.name)).request_counts.succeeded == 4
    # The refused requests were not charged, so they go in a batch again, not at full price.
    assert (len(called(provider, "BATCH")), len(called(provider, "POST"))) == (8, 0)


async def test_an_endpoint_without_batches_pauses_the_job_and_says_what_to_do(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(batches=False)
    job = await ada.start(people(world, 3), await hello(ada), economy=True)
    paused = await ada.until(job.name, State.PAUSED)
    assert paused.pause_reason == paused.BATCH_REFUSED
    assert paused.error.reason == "BATCHES_UNSUPPORTED"
    assert "end_economy" in paused.error.message
    await ada.resume(job.name, end_economy=True)
    done = await ada.until(job.name)
    assert (done.request_counts.succeeded, len(called(provider, "POST"))) == (3, 3)


async def test_a_batch_that_is_refused_as_a_whole_pauses_the_job_in_the_providers_words(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(batch_end="failed")
    job = await ada.start(people(world, 3), await hello(ada), economy=True)
    paused = await ada.until(job.name, State.PAUSED)
    assert paused.error.reason == "BATCH_REFUSED"
    assert paused.error.provider_message == "The batch was refused as a whole."
    provider.script()
    await ada.resume(job.name)
    assert (await ada.until(job.name)).request_counts.succeeded == 3


async def test_a_key_is_released_for_each_call_and_the_files_are_deleted(
    ada: Person, worker: Process, world: World, provider: Provider, vault: VaultStandIn
) -> None:
    job = await ada.start(people(world, 3), await hello(ada), economy=True)
    await ada.until(job.name)
    calls = [seen for seen in provider.requests() if seen["method"] != "BATCH"]
    assert len([seen for seen in calls if seen["method"] == "DELETE"]) == 2
    grants = {use[:2] for use in vault.grants.uses}
    assert max(sum(use[:2] == grant for use in vault.grants.uses) for grant in grants) >= len(calls)


async def test_what_cannot_be_is_refused(ada: Person, worker: Process, world: World) -> None:
    file, template = people(world, 2), await hello(ada)
    wanted = ada.start(file, template, economy=True, identical_prompts_once=True)
    assert await refusal(wanted) == "ECONOMY_NOT_POSSIBLE"
    assert await refusal(ada.start(file, template, economy_rest="BATCH")) == "INVALID_REQUEST"


async def test_a_batch_that_its_provider_no_longer_knows_leaves_its_rows_and_is_logged(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    unknown = {"action": "status", "status": 404, "method": "GET", "path": "/v1/batches/"}
    provider.script(unknown, batch_seconds=86_400)
    job = await ada.start(people(world, 3), await hello(ada), economy=True)
    done = await ada.until(job.name)
    assert (done.request_counts.succeeded, len(called(provider, "POST"))) == (3, 3)
    (told,) = [line for line in worker.log.read_text().splitlines() if "batch.gone" in line]
    assert '"rows":"1-3"' in told


async def test_rows_that_are_sent_again_go_call_by_call_unless_the_rest_goes_in_batches(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script({"action": "truncated", "contains": "person 1."})
    job = await ada.start(people(world, 3), await hello(ada), economy=True)
    assert (await ada.until(job.name)).request_counts.failed == 1
    provider.script()
    await ada.retry_failed(job.name)
    assert (await ada.until(job.name)).request_counts.succeeded == 3
    await ada.regenerate(job.name, 2)
    assert (await ada.until(job.name)).request_counts.succeeded == 3
    assert called(provider, "POST") == ["Say hello to person 1.", "Say hello to person 2."]


async def test_only_an_economy_job_can_leave_its_batches(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script({"action": "slow", "seconds": 600})
    job = await ada.start(people(world, 2), await hello(ada))
    await ada.pause(job.name)
    assert await refusal(ada.resume(job.name, end_economy=True)) == "NOT_AN_ECONOMY_JOB"
    await ada.cancel(job.name)


async def test_an_estimate_shows_both_prices(ada: Person, worker: Process, world: World) -> None:
    told = await ada.estimate(people(world), await hello(ada))
    assert float(told.economy_cost_low_usd) == pytest.approx(float(told.cost_low_usd) / 2, abs=1e-6)
    assert float(told.economy_cost_high_usd) == pytest.approx(float(told.cost_high_usd) / 2, abs=1e-6)
