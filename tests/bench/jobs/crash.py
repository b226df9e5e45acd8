"""The cost of a crash of everything: calls that were paid for but whose results died with their worker."""

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.bench.jobs.site import FINISH_SECONDS, Site
from tests.chaos.history import end, patiently

ROWS = 5000
PARALLEL = 256
LATENCY_MS = 50
#: Processes are killed once the provider has answered this number of calls.
ANSWERED = 2000
PROVIDER = "provider"


def run(site: Site) -> Iterator[Figure]:
    """Kill every process at once in the middle of a job, and count the calls paid twice."""
    site.provider.reset()
    site.provider.script(latency_ms=LATENCY_MS)
    job = site.person.job(site.file(ROWS), [site.template()], parallel_calls=PARALLEL)
    _await_answers(site)
    for name, pid in site.stack.pids.items():
        if name != PROVIDER:
            os.kill(pid, signal.SIGKILL)
    done = end(site.person, job, seconds=FINISH_SECONDS)
    assert done["request_counts"]["succeeded"] == ROWS, done
    data = patiently(site.person, f"/v1/{job['name']}/results:download", seconds=60).content
    assert data.count(b"\n") >= ROWS + 1
    paid = Counter(seen["prompt"] for seen in site.provider.requests() if seen["action"] is None)
    assert len(paid) == ROWS
    twice = paid.total() - ROWS
    yield Figure(
        "calls paid twice after kill -9 of every process, beside those in flight",
        twice / PARALLEL,
        1.0,
        f"{twice} of {PARALLEL} in flight, {100 * twice / ROWS:.1f} % of {ROWS:,} rows, aim 1 %",
        above=False,
    )


def _await_answers(site: Site) -> None:
    deadline = time.monotonic() + FINISH_SECONDS
    while len(site.provider.requests()) < ANSWERED:
        assert time.monotonic() < deadline
        time.sleep(0.1)
