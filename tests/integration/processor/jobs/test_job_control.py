"""Jobs that are paused, resumed and partly sent again, and cost estimates, with real processes."""

import asyncio
import csv
import io
from collections import Counter
from decimal import Decimal

import grpc
import pytest
from smelt.processor.v1 import jobs_pb2

from services.common.rpc.errors import error_from_rpc
from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State, refusal
from tests.support.provider import Provider, answer_for
from tests.support.vault.stand_in import VaultStandIn

Reason = jobs_pb2.Job.PauseReason
COLUMNS = ["Name", "Company"]
PROMPT = "Write to {{Name}} at {{Company}}"


def people(count: int) -> list[list[str]]:
    return [[f"Name{number}.", f"Company {number}"] for number in range(1, count + 1)]


def prompts_of(rows: list[list[str]]) -> list[str]:
    return [f"Write to {name} at {company}" for name, company in rows]


def lines(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


async def some_done(ada: Person, name: str) -> None:
    while not (await ada.job(name)).request_counts.succeeded:
        await asyncio.sleep(0.02)


async def test_a_paused_job_starts_no_row_and_goes_on_without_repeating_one(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(latency_ms=100)
    rows = people(600)
    job = await ada.start(world.add_file(COLUMNS, rows), await ada.template(PROMPT), parallel_calls=5)
    await some_done(ada, job.name)
    paused = await ada.pause(job.name)
    assert (paused.state, paused.pause_reason) == (State.PAUSED, Reason.USER)
    assert (await ada.pause(job.name)).state == State.PAUSED
    while len(sent := provider.requests()) != sum(request["status"] == 200 for request in sent):
        await asyncio.sleep(0.05)
    await asyncio.sleep(1.0)
    settled = provider.prompts()
    await asyncio.sleep(0.5)
    assert len(provider.prompts()) == len(settled) < 600
    waiting = await ada.job(job.name)
    # The rows that were in flight have their results, too.
    assert waiting.request_counts.succeeded == len(settled)
    _, partial = await ada.download(job.name, rows=jobs_pb2.DownloadResultsRequest.ONLY_SUCCEEDED)
    assert len(lines(partial)) == len(settled) + 1
    provider.script()
    resumed = await ada.resume(job.name)
    assert (resumed.state, resumed.pause_reason) == (State.RUNNING, Reason.NOT_PAUSED)
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 600)
    assert sorted(provider.prompts()) == sorted(prompts_of(rows))


@pytest.mark.long
async def test_pausing_and_resuming_in_quick_succession_loses_and_repeats_nothing(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(latency_ms=30)
    rows = people(400)
    # Four shards in the window, so that at any moment some wait, some run and some are given back.
    job = await ada.start(world.add_file(COLUMNS, rows), await ada.template(PROMPT), parallel_calls=301)
    for turn in range(12):
        try:
            await ada.pause(job.name)
            await asyncio.sleep(0.04 * turn)
            await ada.resume(job.name)
        except grpc.aio.AioRpcError as error:
            # Its last row was done, so there was nothing left to pause.
            assert error_from_rpc(error).reason in ("JOB_FINISHED", "JOB_NOT_PAUSED")
            break
        await asyncio.sleep(0.03)
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded, done.request_counts.failed) == (
        State.COMPLETED,
        400,
        0,
    )
    assert max(Counter(provider.prompts()).values()) == 1
    _, data = await ada.download(job.name)
    assert lines(data)[1:] == [[*row, answer_for(p)] for row, p in zip(rows, prompts_of(rows), strict=True)]


async def test_a_job_whose_key_was_deleted_goes_on_with_another(
    ada: Person, worker: Process, world: World, vault: VaultStandIn, provider: Provider
) -> None:
    vault.refuse("ReleaseApiKeys", "API_KEY_DELETED")
    job = await ada.start(world.add_file(COLUMNS, people(5)), await ada.template(PROMPT))
    paused = await ada.until(job.name, State.PAUSED)
    assert paused.pause_reason == Reason.API_KEY_DELETED
    vault.relent()
    before = len(vault.grants.revoked)
    resumed = await ada.resume(job.name, api_key="apiKeys/two")
    assert (resumed.api_key, resumed.error.reason) == ("apiKeys/two", "")
    assert (await ada.until(job.name)).request_counts.succeeded == 5
    assert len(vault.grants.revoked) > before


async def test_only_failed_rows_are_sent_again_and_done_steps_stay(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    rows = people(30)
    provider.script({"action": "status", "status": 400, "contains": "Greet Name7."})
    first = await ada.template("About {{Company}}", "Summary")
    second = await ada.template("Greet {{Name}} with {{Summary}}", "Greeting")
    job = await ada.start(world.add_file(COLUMNS, rows), first, second, parallel_calls=10)
    done = await ada.until(job.name)
    assert (done.request_counts.succeeded, done.request_counts.failed) == (29, 1)
    tokens = done.input_tokens
    provider.reset()
    again = await ada.retry_failed(job.name)
    assert again.state == State.RUNNING
    assert (again.request_counts.succeeded, again.request_counts.failed) == (29, 0)
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded, done.request_counts.failed) == (State.COMPLETED, 30, 0)
    assert done.input_tokens > tokens
    summary = answer_for("About Company 7")
    assert provider.prompts() == [f"Greet Name7. with {summary}"]
    _, data = await ada.download(job.name)
    assert lines(data)[7] == [*rows[6], summary, answer_for(f"Greet Name7. with {summary}")]
    assert await refusal(ada.retry_failed(job.name)) == "NO_FAILED_ROWS"


async def test_one_row_is_sent_again_with_all_its_steps(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    rows = people(20)
    job = await ada.start(world.add_file(COLUMNS, rows), await ada.template(PROMPT), first_row=3)
    await ada.until(job.name)
    provider.script({"action": "content", "content": "A better word for Name9.", "contains": "Name9."})
    await ada.regenerate(job.name, 9)
    done = await ada.until(job.name)
    assert (done.request_counts.total, done.request_counts.succeeded) == (18, 18)
    _, data = await ada.download(job.name)
    assert lines(data)[7] == [*rows[8], "A better word for Name9."]
    assert Counter(provider.prompts())[prompts_of(rows)[8]] == 2
    assert await refusal(ada.regenerate(job.name, 2)) == "INVALID_ROW_RANGE"


async def test_what_a_job_is_not_in_a_state_for_is_refused(
    ada: Person, eve: Person, worker: Process, world: World, provider: Provider
) -> None:
    job = await ada.start(world.add_file(COLUMNS, people(2)), await ada.template(PROMPT))
    await ada.until(job.name)
    assert await refusal(ada.pause(job.name)) == "JOB_FINISHED"
    assert await refusal(ada.resume(job.name)) == "JOB_NOT_PAUSED"
    assert await refusal(eve.pause(job.name)) == "JOB_NOT_FOUND"
    assert await refusal(eve.retry_failed(job.name)) == "JOB_NOT_FOUND"
    provider.script(latency_ms=600_000)
    running = await ada.start(world.add_file(COLUMNS, people(2)), await ada.template(PROMPT))
    assert await refusal(ada.retry_failed(running.name)) == "JOB_NOT_COMPLETED"
    await ada.cancel(running.name)
    assert await refusal(ada.resume(running.name)) == "JOB_NOT_PAUSED"


@pytest.mark.parametrize("model", ["gpt-4o-mini", "some-model"])
async def test_an_estimate_says_what_the_job_then_takes(
    ada: Person, worker: Process, world: World, provider: Provider, model: str
) -> None:
    file = world.add_file(COLUMNS, people(300))
    first = await ada.template(PROMPT, model=model, max_tokens=100)
    second = await ada.template("Again {{Name}}", "Again", model=model, max_tokens=100)
    estimate = await ada.estimate(file, first, second, first_row=11)
    assert (estimate.row_count, estimate.request_count) == (290, 580)
    if model == "some-model":
        # An unknown price is shown as unknown, never as 0.
        assert (estimate.cost_low_usd, estimate.cost_high_usd) == ("", "")
        assert list(estimate.unpriced_models) == ["some-model"]
        return
    assert 0 < Decimal(estimate.cost_low_usd) < Decimal(estimate.cost_high_usd)
    assert not provider.requests()
    job = await ada.start(file, first, second, first_row=11, parallel_calls=100)
    done = await ada.until(job.name)
    assert estimate.input_tokens_low == pytest.approx(done.input_tokens, rel=0.3)
    assert estimate.output_tokens_low <= done.output_tokens <= estimate.output_tokens_high


async def test_results_are_downloaded_in_the_form_that_is_asked_for(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(
        {"action": "status", "status": 400, "contains": "Name2."},
        {"action": "content", "content": "Short", "contains": "Name3."},
    )
    rows = [["Name1.", "A"], ["Name2.", ""], ["Name3.", "ü"]]
    file = world.add_file(["Name", "Flags"], rows)
    job = await ada.start(file, await ada.template("Hi {{Name}} at {{Flags}}"))
    await ada.until(job.name)
    form = jobs_pb2.DownloadResultsRequest
    headers, data = await ada.download(
        job.name, columns=["error", "flags", "confidence"], byte_order_mark=True
    )
    assert data.startswith(b"\xef\xbb\xbf")
    assert headers["x-content-length"] == str(len(data))
    header, one, two, three = lines(data)
    assert header == ["Name", "Flags", "Hook", "confidence", "smelt_flags", "error"]
    assert one[3:] == ["100", "", ""]
    assert two[2:4] == ["", "50"]
    assert two[5].startswith("PROVIDER_REJECTED: ")
    assert three[2:] == ["Short", "100", "too_short generic", ""]
    headers, data = await ada.download(job.name, rows=form.ONLY_FAILED)
    assert (headers["x-smelt-row-count"], lines(data)[1:]) == ("1", [["Name2.", "", ""]])
    headers, data = await ada.download(job.name, rows=form.ONLY_SUCCEEDED)
    assert headers["x-smelt-row-count"] == "2"
    assert [line[0] for line in lines(data)] == ["Name", "Name1.", "Name3."]


async def test_a_job_that_has_ended_can_be_deleted_with_all_of_it(
    ada: Person, eve: Person, worker: Process, world: World, provider: Provider
) -> None:
    file = world.add_file(["Name"], [["a"], ["b"]])
    template = await ada.template("Write to {{Name}}")
    provider.script(latency_ms=600_000)
    running = (await ada.start(file, template)).name
    assert await refusal(ada.delete(running)) == "JOB_NOT_ENDED"
    await ada.cancel(running)
    provider.script()
    job = (await ada.start(file, template)).name
    assert (await ada.until(job)).state == State.COMPLETED
    assert any(name == job for name, _ in world.results)
    used = (await ada.used()).used
    assert await refusal(eve.delete(job)) == "JOB_NOT_FOUND"
    await ada.delete(job)
    assert await refusal(ada.job(job)) == "JOB_NOT_FOUND"
    assert await refusal(ada.rows(job)) == "JOB_NOT_FOUND"
    assert not any(name == job for name, _ in world.results)
    assert await refusal(ada.delete(job)) == "JOB_NOT_FOUND"
    assert (await ada.used()).used == used
