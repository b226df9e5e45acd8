"""A worker's peak memory for a job a hundred times as large; a separate part that takes ten minutes."""

from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.bench.jobs.beside import PARALLEL, ROWS
from tests.bench.jobs.site import Site
from tests.support.proc import peak_memory_mib
from tests.support.stack import Stack

HUGE_ROWS = 500_000
FINISH_SECONDS = 3600


def run(stack: Stack) -> Iterator[Figure]:
    """Measure the worker's peak after a job of the usual size and after a huge one."""
    with Site(stack) as site:
        site.provider.script(record=False)
        site.run(ROWS, PARALLEL)
        usual = peak_memory_mib(stack.pids["worker-1"])
        huge = site.run(HUGE_ROWS, PARALLEL, seconds=FINISH_SECONDS)
        grown = peak_memory_mib(stack.pids["worker-1"])
        files = peak_memory_mib(stack.pids["files"])
        yield Figure(
            f"peak memory of the worker after {HUGE_ROWS:,} rows, beside {ROWS:,}",
            grown / usual,
            2.0,
            f"{grown:.0f} beside {usual:.0f} MiB, files {files:.0f}; {huge.rate:.0f} rows/s at 0 ms",
            above=False,
        )
