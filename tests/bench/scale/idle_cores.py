"""What a second worker adds if there are enough cores: workers limited to one shard, with a slow provider."""

import os
import signal
from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.bench.jobs.site import Site
from tests.bench.scale.workers import environment_of, worker

ROWS = 3000
#: Two shards in flight with a hundred calls each: a worker with one shard does at most 250 rows a second.
PARALLEL = 200
LATENCY_MS = 400


def run(site: Site) -> Iterator[Figure]:
    """Run the same job with one worker and with two."""
    site.provider.reset()
    site.provider.script(latency_ms=LATENCY_MS, record=False)
    usual, environment = site.stack.pids["worker-1"], environment_of(site)
    os.kill(usual, signal.SIGSTOP)
    try:
        with worker(environment, SMELT_WORKER_SHARDS="1"):
            alone = site.run(ROWS, PARALLEL)
            with worker(environment, SMELT_WORKER_SHARDS="1"):
                together = site.run(ROWS, PARALLEL)
    finally:
        os.kill(usual, signal.SIGCONT)
    yield Figure(
        "a second worker's rows/s beside one alone",
        together.rate / alone.rate,
        1.6,
        f"{together.rate:.0f} beside {alone.rate:.0f} rows/s, aim 1.8; one shard each, {LATENCY_MS} ms",
    )
