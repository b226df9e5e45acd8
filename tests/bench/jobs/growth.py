"""A worker's peak memory and its rate for a huge job; a separate part that takes ten minutes, or as long as
SMELT_BENCH_ROWS says: 5,000,000 rows take about an hour."""

import os
from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.bench.jobs.beside import PARALLEL, ROWS
from tests.bench.jobs.site import Site
from tests.support.proc import peak_memory_mib
from tests.support.stack import Stack

HUGE_ROWS = int(os.environ.get("SMELT_BENCH_ROWS", "500000"))
FINISH_SECONDS = 7200


def run(stack: Stack) -> Iterator[Figure]:
    """Measure the worker's peak after a job of the usual size and after a huge one."""
    with Site(stack) as site:
        site.provider.script(record=False)
        small = site.run(ROWS, PARALLEL)
        usual = peak_memory_mib(stack.pids["worker-1"])
        huge = site.run(HUGE_ROWS, PARALLEL, seconds=FINISH_SECONDS)
        grown = peak_memory_mib(stack.pids["worker-1"])
        files = peak_memory_mib(stack.pids["files"])
        yield Figure(
            f"peak memory of the worker after {HUGE_ROWS:,} rows, beside {ROWS:,}",
            grown / usual,
            1.1,
            f"{grown:.0f} beside {usual:.0f} MiB, files {files:.0f}",
            above=False,
        )
        yield Figure(
            "its rows/s beside those of the small one",
            huge.rate / small.rate,
            0.9,
            f"{huge.rate:.0f} beside {small.rate:.0f} rows/s at 0 ms, {huge.seconds:.0f} s",
        )
