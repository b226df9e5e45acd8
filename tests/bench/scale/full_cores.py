"""One, two and four workers on the cores that there are: what a row costs, and what is full first."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

from tests.bench.figures import Figure, cpu_seconds
from tests.bench.jobs.site import Ran, Site
from tests.bench.scale.workers import environment_of, worker

ROWS = 8000
PARALLEL = 1000
LATENCY_MS = 200
WORKERS = (1, 2, 4)


def run(site: Site) -> Iterator[Figure]:
    """Run the same job with each number of workers."""
    site.provider.reset()
    site.provider.script(latency_ms=LATENCY_MS, record=False)
    environment = environment_of(site)
    alone: Ran | None = None
    for count in WORKERS:
        with ExitStack() as workers:
            more = [workers.enter_context(worker(environment)) for _ in range(count - 1)]
            site.run(300, PARALLEL)
            before = cpu_seconds(more)
            ran = site.run(ROWS, PARALLEL)
            others_ms = 1000 * (cpu_seconds(more) - before) / ROWS
        alone = alone or ran
        total = others_ms + ran.cpu_ms(*ran.cpu)
        # In these seconds a part that does everything on one loop is full when it has used them all.
        busiest = max(ran.cpu, key=lambda name: ran.cpu[name])
        yield Figure(
            f"rows/s of {count} workers beside one, {LATENCY_MS} ms, {PARALLEL:,} in flight",
            ran.rate / alone.rate,
            0.9,
            f"{ran.rate:.0f} rows/s on {os.cpu_count()} cores; CPU ms a row {total:.2f}: {ran.parts()}, "
            f"other workers {others_ms:.2f}; busiest: {busiest}, "
            f"{ran.cpu[busiest] / ran.seconds:.2f} of a core",
        )
