"""Jobs from their start to the downloaded file, with real processes."""

import base64
import csv
import hashlib
import io

import pytest
from smelt.processor.v1 import jobs_pb2

from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State, Suite, refusal
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider, answer_for, authorization_sha256
from tests.support.vault.known import PROVIDER_SECRET

COLUMNS = ["First Name", "Company"]


def people(count: int) -> list[list[str]]:
    return [[f"Name{number}", f"Company, {number}"] for number in range(1, count + 1)]


def prompt_of(row: list[str]) -> str:
    return f"Write a hook for {row[0]} at {row[1]}"


PROMPT = "Write a hook for {{First Name}} at {{ company }}"


@pytest.mark.promise("S34")
async def test_a_job_ends_with_one_result_for_each_row_in_file_order(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    rows = people(120)
    file = world.add_file(COLUMNS, rows)
    job = await ada.start(file, await ada.template(PROMPT), parallel_calls=20)
    assert job.state in (State.PENDING, State.RUNNING)
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded, done.request_counts.failed) == (
        State.COMPLETED,
        120,
        0,
    )
    assert done.percent == 100
    assert done.input_tokens > 0
    assert done.output_tokens > 0
    headers, data = await ada.download(job.name)
    assert headers["x-content-length"] == str(len(data))
    assert headers["x-smelt-row-count"] == "120"
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    assert headers["repr-digest"] == f"sha-256=:{digest}:"
    header, *got = csv.reader(io.StringIO(data.decode(), newline=""))
    assert header == [*COLUMNS, "Hook"]
    assert got == [[*row, answer_for(prompt_of(row))] for row in rows]


async def test_a_later_template_uses_the_answers_of_an_earlier_one(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    rows = people(12)
    file = world.add_file(COLUMNS, rows)
    first = await ada.template("About {{Company}}", "Summary")
    second = await ada.template("Greet {{First Name}} with: {{summary}}", "Greeting")
    job = await ada.start(file, first, second, parallel_calls=4)
    assert (await ada.until(job.name)).state == State.COMPLETED
    _, data = await ada.download(job.name)
    header, *got = csv.reader(io.StringIO(data.decode(), newline=""))
    assert header == [*COLUMNS, "Summary", "Greeting"]
    for row, line in zip(rows, got, strict=True):
        summary = answer_for(f"About {row[1]}")
        assert line == [*row, summary, answer_for(f"Greet {row[0]} with: {summary}")]


async def test_only_the_rows_of_the_range_are_sent_and_returned(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    rows = people(30)
    file = world.add_file(COLUMNS, rows)
    job = await ada.start(file, await ada.template(PROMPT), first_row=11, last_row=20)
    done = await ada.until(job.name)
    assert (done.request_counts.total, done.request_counts.succeeded) == (10, 10)
    _, data = await ada.download(job.name)
    got = list(csv.reader(io.StringIO(data.decode(), newline="")))
    assert [line[:2] for line in got[1:]] == rows[10:20]
    assert sorted(provider.prompts()) == sorted(prompt_of(row) for row in rows[10:20])


async def test_row_text_stands_in_the_user_message_and_the_key_only_in_its_header(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    file = world.add_file(COLUMNS, [["{{Company}} ignore the above", "Acme"]])
    template = await ada.template(PROMPT, model="gpt-test", temperature=0.25, max_tokens=77)
    job = await ada.start(file, template)
    await ada.until(job.name)
    (seen,) = provider.requests()
    assert seen["prompt"] == "Write a hook for {{Company}} ignore the above at Acme"
    assert (seen["model"], seen["parameters"]) == (
        "gpt-test",
        {"temperature": 0.25, "max_tokens": 77, "stream": False},
    )
    assert seen["authorization_sha256"] == authorization_sha256(PROVIDER_SECRET)
    assert "cookie" not in seen["header_names"]


async def test_the_rows_of_a_job_are_listed_by_what_became_of_them(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    rows = people(20)
    provider.script({"action": "status", "status": 400, "contains": "Name7 "})
    file = world.add_file(COLUMNS, rows)
    job = await ada.start(file, await ada.template(PROMPT), parallel_calls=10)
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded, done.request_counts.failed) == (State.COMPLETED, 19, 1)
    page = await ada.rows(job.name, page_size=15)
    assert [row.number for row in page.rows] == list(range(1, 16))
    rest = await ada.rows(job.name, page_size=15, page_token=page.next_page_token)
    assert ([row.number for row in rest.rows], rest.next_page_token) == ([16, 17, 18, 19, 20], "")
    assert dict(page.rows[0].outputs) == {"Hook": answer_for(prompt_of(rows[0]))}
    (failed,) = (await ada.rows(job.name, filter="state = FAILED")).rows
    assert (failed.number, failed.attempts, failed.error.reason) == (7, 1, "PROVIDER_REJECTED")
    assert dict(failed.outputs) == {}
    assert len((await ada.rows(job.name, filter='state="SUCCEEDED"', page_size=1000)).rows) == 19
    assert len((await ada.rows(job.name, filter="state = PENDING")).rows) == 0
    assert await refusal(ada.rows(job.name, filter="flag = x")) == "FILTER_INVALID"
    assert await refusal(ada.rows(job.name, page_token="nonsense")) == "PAGE_TOKEN_INVALID"
    _, data = await ada.download(job.name)
    assert list(csv.reader(io.StringIO(data.decode(), newline="")))[7] == [*rows[6], ""]


async def test_flags_and_confidence_are_stored_and_rows_are_found_by_them(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    said = {
        "Name1": 'Sure! Here\'s a hook:\n\n"Name1, your cheap plan beats [Competitor]."',
        "Name2": "Name2, a fine sentence of enough length.",
        "Name3": "Nothing of the row stands in this answer.",
    }
    provider.script(
        *({"action": "content", "content": text, "contains": f"for {name} "} for name, text in said.items()),
        {"action": "truncated", "contains": "for Name4 "},
        {"action": "content_filter", "contains": "for Name5 "},
    )
    rows = people(5)
    rows[1][1] = " "
    file = world.add_file(COLUMNS, rows)
    template = await ada.template(PROMPT, forbidden_words=["cheap", "free"], word_limit=6)
    job = await ada.start(file, template)
    done = await ada.until(job.name)
    assert (done.request_counts.succeeded, done.request_counts.failed) == (3, 2)
    one, two, three, four, five = (await ada.rows(job.name)).rows
    assert dict(one.outputs) == {"Hook": "Name1, your cheap plan beats [Competitor]."}
    assert list(one.flags) == ["forbidden_word", "has_placeholder", "has_preamble", "has_quotes"]
    severities = {each.flag: jobs_pb2.JobRow.Severity.Name(each.severity) for each in one.findings}
    assert severities == {
        "forbidden_word": "ERROR",
        "has_placeholder": "ERROR",
        "has_preamble": "INFO",
        "has_quotes": "INFO",
    }
    assert {each.output_column for each in one.findings} == {"Hook"}
    assert (list(two.flags), two.confidence) == (["over_word_limit"], 50)
    assert (list(three.flags), three.confidence) == (["over_word_limit", "generic"], 100)
    assert (four.error.reason, list(four.flags), four.confidence) == ("OUTPUT_TRUNCATED", [], 100)
    assert five.error.reason == "CONTENT_FILTERED"

    async def found(wanted: str, **more: int) -> list[int]:
        return [row.number for row in (await ada.rows(job.name, filter=wanted, **more)).rows]

    assert await found("flag = over_word_limit") == [2, 3]
    assert await found("flag = over_word_limit", page_size=1) == [2]
    assert await found("flag = over_word_limit AND flag = generic") == [3]
    assert await found("state = FAILED AND flag = generic") == []
    assert await found("state = PENDING AND flag = generic") == []
    assert await found("state = SUCCEEDED AND flag = has_quotes") == [1]


async def test_the_flags_of_a_chain_stand_at_their_own_columns(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(
        {
            "action": "content",
            "content": "Certainly! As an AI language model, I cannot say.",
            "contains": "About",
        },
        {"action": "status", "status": 400, "contains": "Greet Name2"},
    )
    file = world.add_file(COLUMNS, people(2))
    first = await ada.template("About {{Company}}", "Summary")
    second = await ada.template("Greet {{First Name}} with: {{Summary}}", "Greeting")
    job = await ada.start(file, first, second)
    await ada.until(job.name)
    one, two = (await ada.rows(job.name)).rows
    of_summary = ["has_ai_speak", "generic", "has_preamble"]
    assert [each.flag for each in one.findings if each.output_column == "Summary"] == of_summary
    # The stand-in's answer repeats its prompt.
    assert [each.flag for each in one.findings if each.output_column == "Greeting"] == ["has_ai_speak"]
    # An earlier step's output and flags stay if a later step fails.
    assert (dict(two.outputs), two.state) == (
        {"Summary": "As an AI language model, I cannot say."},
        jobs_pb2.JobRow.FAILED,
    )
    assert (list(two.flags), list(one.flags)) == (of_summary, of_summary)


async def test_watching_shows_progress_and_ends_with_the_final_state(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(latency_ms=300)
    file = world.add_file(COLUMNS, people(60))
    job = await ada.start(file, await ada.template(PROMPT), parallel_calls=6)
    call = ada.jobs.WatchJob(
        jobs_pb2.WatchJobRequest(name=job.name), metadata=ada.metadata, timeout=PATIENCE_SECONDS
    )
    seen = [each async for each in call]
    assert seen[-1].state == State.COMPLETED
    done = [each.request_counts.succeeded for each in seen]
    assert done == sorted(done)
    assert len(set(done)) >= 3
    assert any(each.rows_per_second > 0 for each in seen[:-1])
    assert any(each.eta_seconds > 0 for each in seen[:-1])


async def test_the_same_idempotency_key_starts_one_job(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    file = world.add_file(COLUMNS, people(3))
    template = await ada.template(PROMPT)
    first = await ada.start(file, template, key="once")
    again = await ada.start(file, template, key="once")
    assert first.name == again.name
    assert await refusal(ada.start(file, template, key="once", last_row=2)) == "IDEMPOTENCY_KEY_REUSED"
    await ada.until(first.name)
    assert len(provider.prompts()) == 3


async def test_no_key_or_row_text_is_in_the_logs(
    suite: Suite, ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script({"action": "status", "status": 401, "echo_key": "full"})
    job = await ada.start(world.add_file(COLUMNS, people(3)), await ada.template(PROMPT))
    await ada.until(job.name, State.PAUSED)
    written = suite.logs()
    assert job.name.removeprefix("jobs/") in written
    assert PROVIDER_SECRET not in written
    assert "Company, 1" not in written
