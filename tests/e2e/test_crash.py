"""What dies and comes back in the middle of a job, and what the job looks like afterwards."""

import csv
import io
import os
import signal
from collections import Counter
from collections.abc import Callable

import pytest

from tests.e2e.api import Person
from tests.support.provider import Provider, answer_for
from tests.support.stack import Stack

ROWS = 2000
PARALLEL = 64


@pytest.mark.promise("S40")
@pytest.mark.promise("S41")
def test_a_killed_worker_loses_and_doubles_nothing(
    new_person: Callable[[], Person], provider: Provider, stack: Stack
) -> None:
    person = new_person()
    provider.script(latency_ms=40)
    person.add_key(provider.base_url)
    file = person.file(b"n\n" + b"".join(b"row %d\n" % n for n in range(1, ROWS + 1)))
    job = person.job(file, [person.template("Say {{n}}")], parallel_calls=PARALLEL)
    provider.wait_for(300)
    os.kill(stack.pids["worker-1"], signal.SIGKILL)
    provider.wait_for(700)
    os.kill(stack.pids["worker-2"], signal.SIGKILL)
    done = person.finished(job, seconds=180)
    assert (done["state"], done["request_counts"]) == (
        "COMPLETED",
        {"total": ROWS, "succeeded": ROWS, "failed": 0},
    )
    table = list(csv.reader(io.StringIO(person.results(job).decode(), newline=""), strict=True))
    assert table[1:] == [[f"row {n}", answer_for(f"Say row {n}")] for n in range(1, ROWS + 1)]
    calls = Counter(provider.prompts())
    assert set(calls) == {f"Say row {n}" for n in range(1, ROWS + 1)}
    # What was in flight at each of the two kills is paid again, and nothing else.
    assert calls.total() - ROWS <= 2 * PARALLEL
