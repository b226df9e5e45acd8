"""Identical prompts are sent once, whatever happens meanwhile."""

import asyncio
import csv
import io
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State, Suite
from tests.support.provider import Provider, answer_for

PROMPT = "Describe {{City}}"
CITIES = ["Aachen", "Bern", "Cork"]


def cities(count: int) -> list[list[str]]:
    return [[CITIES[number % 3], str(number)] for number in range(count)]


async def outputs(person: Person, job: str) -> list[str]:
    _, data = await person.download(job)
    return [line[-1] for line in csv.reader(io.StringIO(data.decode(), newline=""))][1:]


async def test_at_temperature_0_each_prompt_is_sent_and_paid_for_once(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(latency_ms=20)
    file = world.add_file(["City", "N"], cities(60))
    job = await ada.start(file, await ada.template(PROMPT, temperature=0), parallel_calls=20)
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 60)
    assert sorted(provider.prompts()) == [f"Describe {city}" for city in CITIES]
    assert await outputs(ada, job.name) == [answer_for(f"Describe {row[0]}") for row in cities(60)]
    rows = (await ada.rows(job.name, page_size=100)).rows
    assert Counter(row.attempts for row in rows) == {1: 3, 0: 57}
    # A copy has no tokens, so a job of only the three rows uses as many.
    three = await ada.start(file, await ada.template(PROMPT, temperature=0), last_row=3)
    alone = await ada.until(three.name)
    assert (done.input_tokens, done.output_tokens) == (alone.input_tokens, alone.output_tokens)


async def test_at_other_temperatures_only_when_the_job_says_so(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    file, template = world.add_file(["City", "N"], cities(30)), await ada.template(PROMPT, temperature=0.7)
    await ada.until((await ada.start(file, template, parallel_calls=10)).name)
    assert len(provider.prompts()) == 30
    provider.reset()
    job = await ada.start(file, template, parallel_calls=10, identical_prompts_once=True)
    await ada.until(job.name)
    assert len(provider.prompts()) == 3
    provider.reset()
    await ada.regenerate(job.name, 5)
    await ada.until(job.name)
    assert len(provider.prompts()) == 1


async def test_a_failure_is_not_shared(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script({"action": "content_filter", "contains": "Bern", "at_most": 1})
    file = world.add_file(["City", "N"], cities(12))
    job = await ada.start(file, await ada.template(PROMPT, temperature=0), parallel_calls=12)
    done = await ada.until(job.name)
    assert (done.request_counts.succeeded, done.request_counts.failed) == (11, 1)
    assert Counter(provider.prompts()) == {"Describe Aachen": 1, "Describe Bern": 2, "Describe Cork": 1}


async def test_in_a_chain_each_step_is_sent_once(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    file = world.add_file(["City", "N"], cities(12))
    first = await ada.template(PROMPT, "Text", temperature=0)
    second = await ada.template("Shorten: {{Text}}", "Short", temperature=0)
    job = await ada.start(file, first, second, parallel_calls=6)
    done = await ada.until(job.name)
    assert (done.state, done.request_counts.succeeded, len(provider.prompts())) == (State.COMPLETED, 12, 6)


@pytest.mark.long
@pytest.mark.promise("S34")
async def test_kill_9_loses_no_row_and_sends_at_most_what_was_in_flight_again(
    ada: Person, suite: Suite, world: World, provider: Provider
) -> None:
    provider.script(latency_ms=60)
    rows = [[f"city-{number % 200}.", str(number)] for number in range(1000)]
    file = world.add_file(["City", "N"], rows)
    template = await ada.template(PROMPT, temperature=0)
    doomed = suite.worker()
    job = await ada.start(file, template, parallel_calls=20)
    provider.wait_for(100)
    doomed.kill()
    heir = suite.worker()
    try:
        done = await ada.until(job.name)
    finally:
        heir.terminate()
    assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 1000)
    assert await outputs(ada, job.name) == [answer_for(f"Describe {row[0]}") for row in rows]
    sent = Counter(provider.prompts())
    assert len(sent) == 200
    assert sum(sent.values()) <= 200 + 20


async def test_no_prompt_and_no_answer_lies_open_in_the_database(
    ada: Person, suite: Suite, world: World, provider: Provider
) -> None:
    provider.script({"action": "slow", "seconds": 30, "contains": "Cork"})
    helper = suite.worker()
    file = world.add_file(["City", "N"], [["Aachen", "1"], ["Cork", "2"]])
    job = await ada.start(file, await ada.template(PROMPT, temperature=0), parallel_calls=2)
    try:
        provider.wait_for(2)
        while not (await ada.job(job.name)).request_counts.succeeded:
            await asyncio.sleep(0.05)
        url = Path(suite.settings["SMELT_DATABASE_URL_FILE"]).read_text().replace("+psycopg", "")
        async with await psycopg.AsyncConnection.connect(url) as database:
            cursor = await database.execute(
                "SELECT code, payload FROM answer WHERE job = %s", (job.name.removeprefix("jobs/"),)
            )
            kept = await cursor.fetchall()
        assert len(kept) == 1
        code, payload = map(bytes, kept[0])
        assert len(code) == 16
        assert b"Aachen" not in payload
        assert answer_for("Describe Aachen").encode() not in payload
        await ada.cancel(job.name)
    finally:
        helper.terminate()
