"""Workers of economy jobs that are killed between the provider and the database, at each call about a batch.

A worker dies at one of two moments of a call: the provider has done what it was asked and the answer is on
its way, or the answer has come and cannot be recorded, because this test holds the table of batches.
"""

import asyncio
import csv
import io
import itertools
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State, Suite
from tests.support.long_form import first
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider, answer_for

ROWS = 6
SOON = {"SMELT_BATCH_POLL_SECONDS": "0.2"}

#: Calls about a batch: the method, how the path begins, and how it ends.
UPLOAD = ("POST", "/v1/files", "")
MAKE = ("POST", "/v1/batches", "")
LOOK = ("GET", "/v1/batches/", "")
COLLECT = ("GET", "/v1/files/", "/content")
DELETE = ("DELETE", "/v1/files/", "")
CALLS = {"upload": UPLOAD, "make": MAKE, "look": LOOK, "collect": COLLECT, "delete": DELETE}
MOMENTS = ("unanswered", "unrecorded")
#: At which call about a batch a worker dies, when, and in which step; the costliest to get wrong come first.
COSTLIEST = [("make", "unanswered", 1), ("collect", "unrecorded", 1)]
KILLS = sorted(itertools.product(CALLS, MOMENTS, (1, 2)), key=lambda kill: kill not in COSTLIEST)


@contextmanager
def held(suite: Suite) -> Iterator[None]:
    """Let no worker write about batches."""
    with psycopg.connect(suite.conninfo) as connection:
        connection.execute("LOCK TABLE batch IN SHARE MODE")
        yield
        connection.rollback()


def seen(provider: Provider, call: tuple[str, str, str]) -> int:
    method, begins, ends = call
    return sum(
        each["method"] == method and each["path"].startswith(begins) and each["path"].endswith(ends)
        for each in provider.requests()
    )


async def until_seen(provider: Provider, call: tuple[str, str, str], count: int = 1) -> None:
    while seen(provider, call) < count:
        await asyncio.sleep(0.02)


async def until_blocked(suite: Suite) -> None:
    """Wait until a worker waits for the table of batches."""
    with psycopg.connect(suite.conninfo, autocommit=True) as connection:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            cursor = connection.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'batch'::regclass"
            )
            found = cursor.fetchone()
            if found and found[0]:
                return
            await asyncio.sleep(0.02)
    raise AssertionError("no worker waits for the table")


def only_worker(suite: Suite) -> Process:
    for process in suite.processes[1:]:
        if process.popen.poll() is None:
            process.kill()
    return suite.worker(**SOON)


async def started(ada: Person, world: World, steps: int) -> str:
    file = world.add_file(["Name"], [[f"person {number}."] for number in range(1, ROWS + 1)])
    templates = [await ada.template("Say hello to {{Name}}", column="Out0")]
    for step in range(1, steps):
        templates.append(await ada.template(f"Shorten: {{{{Out{step - 1}}}}}", column=f"Out{step}"))
    job = await ada.start(file, *templates, economy=True)
    name: str = job.name
    return name


async def finished(ada: Person, job: str, steps: int) -> None:
    """Wait for the job's end, and compare every row with what its steps must give."""
    done = await ada.until(job)
    assert (done.state, done.request_counts.succeeded, done.batches_under_way) == (State.COMPLETED, ROWS, 0)
    _, data = await ada.download(job)
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))[1:]
    wanted = []
    for number in range(1, ROWS + 1):
        cells, prompt = [f"person {number}."], f"Say hello to person {number}."
        for _ in range(steps):
            cells.append(answer_for(prompt))
            prompt = f"Shorten: {cells[-1]}"
        wanted.append(cells)
    assert rows == wanted


def paid(provider: Provider) -> Counter[str]:
    """Return how often each prompt was answered, in a batch or by itself."""
    return Counter(each["prompt"] for each in provider.requests() if each["path"] == "/v1/chat/completions")


@pytest.mark.promise("S40")
@pytest.mark.promise("S41")
@pytest.mark.parametrize(("name", "moment", "step"), first(len(COSTLIEST), KILLS))
async def test_a_worker_killed_at_a_call_about_a_batch_costs_no_row_its_result_and_nothing_twice(
    suite: Suite, ada: Person, world: World, provider: Provider, *, name: str, moment: str, step: int
) -> None:
    call = CALLS[name]
    worker = only_worker(suite)
    # A batch is uploaded, made, looked at and collected once at each step; two files of it are deleted.
    times = 1 if step == 1 else {"delete": 3}.get(name, 2)
    # The answer is held back until the script is replaced.
    rule = {"action": "hold", "every": times, "at_most": 1}
    provider.script({**rule, "method": call[0], "path": call[1]})
    job = await started(ada, world, steps=2)
    await until_seen(provider, call, times)
    if moment == "unrecorded":
        with held(suite):
            provider.script()
            await until_blocked(suite)
            worker.kill()
    else:
        worker.kill()
    provider.script()
    only_worker(suite)
    await finished(ada, job, 2)
    # Each prompt was paid for once: a batch whose making was not answered was found by its mark.
    assert set(paid(provider).values()) == {1}
    assert "batch.made_again" not in suite.processes[-1].log.read_text()


@pytest.mark.long
async def test_a_batch_that_cannot_be_found_is_made_again_and_the_log_says_of_which_rows(
    suite: Suite, ada: Person, world: World, provider: Provider
) -> None:
    worker = only_worker(suite)
    provider.script({"action": "hold", "method": "POST", "path": "/v1/batches"})
    job = await started(ada, world, steps=1)
    await until_seen(provider, MAKE)
    worker.kill()
    # The provider's list does not show the batch yet.
    nothing = {"action": "raw", "status": 200, "content": '{"object":"list","data":[],"has_more":false}'}
    provider.script({**nothing, "method": "GET", "path": "/v1/batches", "at_most": 2})
    worker = only_worker(suite)
    await finished(ada, job, 1)
    assert set(paid(provider).values()) <= {1, 2}
    told = [line for line in worker.log.read_text().splitlines() if "batch.made_again" in line]
    assert len(told) == 1
    assert f"1-{ROWS}" in told[0]
