"""Blank rows of jobs, with real processes: they stay in the result, and nothing is sent for them."""

import csv
import io

import pytest

from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State, Suite
from tests.support.provider import Provider, answer_for

COLUMNS = ["Name", "Company", "Notes"]
ROWS = [
    ["Ada", "Acme", ""],
    ["", "", "kept"],
    ["\u00a0", "\t", ""],
    ["#N/A", "", ""],
    ["", "Compilers", ""],
]
PROMPT = "Write to {{Name}} of {{Company}}"
SENT = [0, 3, 4]


@pytest.fixture(scope="module")
def worker(suite: Suite) -> Process:
    for process in suite.processes[1:]:
        process.popen.terminate()
    return suite.worker(SMELT_BATCH_POLL_SECONDS="0.2")


def prompt_of(row: list[str]) -> str:
    return f"Write to {row[0]} of {row[1]}"


async def table(person: Person, job: str) -> list[list[str]]:
    _, data = await person.download(job)
    return list(csv.reader(io.StringIO(data.decode(), newline="")))[1:]


@pytest.mark.parametrize("economy", [False, True], ids=["ordinary", "economy"])
async def test_blank_rows_stay_in_the_result_and_are_not_sent(
    ada: Person, worker: Process, world: World, provider: Provider, economy: bool
) -> None:
    file, template = world.add_file(COLUMNS, ROWS), await ada.template(PROMPT, model="gpt-4o-mini")
    before = (await ada.used()).used
    estimate = await ada.estimate(file, template)
    assert (estimate.row_count, estimate.blank_row_count, estimate.request_count) == (5, 2, 3)
    assert not estimate.blank_rows_estimated
    done = await ada.until((await ada.start(file, template, economy=economy)).name)
    counts = done.request_counts
    assert (done.state, counts.total, counts.succeeded, counts.failed, counts.skipped) == (
        State.COMPLETED,
        5,
        3,
        0,
        2,
    )
    assert done.percent == 100
    assert sorted(provider.prompts()) == sorted(prompt_of(ROWS[each]) for each in SENT)
    assert (await ada.used()).used == before + 3
    assert await table(ada, done.name) == [
        [*row, answer_for(prompt_of(row)) if number in SENT else ""] for number, row in enumerate(ROWS)
    ]
    listed = (await ada.rows(done.name, filter="state = SKIPPED")).rows
    assert [(row.number, row.attempts, dict(row.outputs), row.error.reason) for row in listed] == [
        (2, 0, {}, ""),
        (3, 0, {}, ""),
    ]
    assert [row.state for row in (await ada.rows(done.name)).rows] == [2, 4, 4, 2, 2]


async def test_blank_rows_are_sent_if_their_owner_wants_that(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    file, template = world.add_file(COLUMNS, ROWS), await ada.template(PROMPT)
    estimate = await ada.estimate(file, template, send_blank_rows=True)
    assert (estimate.blank_row_count, estimate.request_count) == (0, 5)
    done = await ada.until((await ada.start(file, template, send_blank_rows=True)).name)
    assert (done.request_counts.succeeded, done.request_counts.skipped) == (5, 0)
    assert sorted(provider.prompts()) == sorted(map(prompt_of, ROWS))


@pytest.mark.parametrize("economy", [False, True], ids=["ordinary", "economy"])
async def test_a_job_of_blank_rows_alone_completes_without_a_call(
    ada: Person, worker: Process, world: World, provider: Provider, economy: bool
) -> None:
    file = world.add_file(COLUMNS, [["", "", str(number)] for number in range(1200)])
    first = await ada.template(PROMPT)
    second = await ada.template("Shorten {{Hook}}", "Short")
    done = await ada.until((await ada.start(file, first, second, economy=economy)).name)
    assert (done.state, done.request_counts.skipped) == (State.COMPLETED, 1200)
    assert provider.prompts() == []
    assert await table(ada, done.name) == [["", "", str(number), "", ""] for number in range(1200)]


async def test_a_skipped_row_is_skipped_again_and_others_are_sent_again(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    job = await ada.start(world.add_file(COLUMNS, ROWS), await ada.template(PROMPT))
    await ada.until(job.name)
    for row, calls in ((2, 3), (1, 4)):
        await ada.regenerate(job.name, row)
        counts = (await ada.until(job.name)).request_counts
        assert (counts.succeeded, counts.skipped) == (3, 2)
        assert len(provider.prompts()) == calls


async def test_a_template_that_uses_no_column_sends_each_row_and_is_warned_of(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    file, template = world.add_file(COLUMNS, ROWS), await ada.template("Write a haiku")
    estimate = await ada.estimate(file, template)
    assert (estimate.blank_row_count, estimate.request_count) == (0, 5)
    assert [*estimate.warnings] == [f"The prompt of {template} uses no column, so every row sends the same"]
    done = await ada.until((await ada.start(file, template)).name)
    assert done.request_counts.succeeded == 5


async def test_a_file_in_a_guessed_encoding_is_warned_of_before_it_costs(ada: Person, world: World) -> None:
    file, template = world.add_file(COLUMNS, ROWS), await ada.template("{{Name}}")
    world.files[file].guessed_encoding, world.files[file].sample_line = "windows-1251", "Анна;Пермь"
    (warning,) = (await ada.estimate(file, template)).warnings
    assert "a guess, windows-1251" in warning
    assert warning.endswith(": Анна;Пермь")
