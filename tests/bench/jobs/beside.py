"""The row path beside a bare AsyncOpenAI loop and curator: 5,000 rows, 50 ms, 256 calls in flight."""

import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import median

from tests.bench.figures import Figure, cpu_seconds
from tests.bench.jobs import curator
from tests.bench.jobs.site import AT_WORK, Ran, Site
from tests.support.proc import peak_memory_mib

ROWS = 5000
PARALLEL = 256
LATENCY_MS = 50
ROUNDS = 3
LARGE_ROWS = 50_000


def run(site: Site) -> Iterator[Figure]:
    """Measure in turns, so that other load on the machine affects all alike."""
    yield _first_call(site)
    site.provider.script(latency_ms=LATENCY_MS, record=False)
    site.run(200, PARALLEL)
    jobs: list[Ran] = []
    bare: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        jobs.append(site.run(ROWS, PARALLEL))
        bare.append(_bare(site))
    memory = peak_memory_mib(site.stack.pids["worker-1"])
    job = sorted(jobs, key=lambda each: each.rate)[len(jobs) // 2]
    bare_rate = median(ROWS / seconds for seconds, _ in bare)
    bare_ms = median(1000 * cpu / ROWS for _, cpu in bare)
    worker_ms = median(each.cpu_ms("worker-1") for each in jobs)
    all_ms = median(each.cpu_ms(*AT_WORK) for each in jobs)
    yield Figure(
        "worker's CPU a row beside the bare loop",
        worker_ms / bare_ms,
        1.6,
        f"{worker_ms:.2f} beside {bare_ms:.2f} ms, aim 1.0; ms a row: {job.parts()}; medians of {ROUNDS}",
        above=False,
    )
    yield Figure(
        "rows/s beside the bare loop",
        job.rate / bare_rate,
        0.2,
        f"{job.rate:.0f} beside {bare_rate:.0f} rows/s, from the request to the downloaded result",
    )
    said = curator.measure(site.provider.base_url, rows=ROWS, parallel=PARALLEL)
    if isinstance(said, str):
        print(f"-   curator was not measured: {said}", flush=True)
    else:
        rate, cpu_ms = ROWS / said.seconds, 1000 * said.cpu_seconds / ROWS
        detail = f"{job.rate:.0f} beside {rate:.0f} rows/s, aim 3"
        yield Figure("rows/s beside curator", job.rate / rate, 1.5, detail)
        yield Figure(
            "CPU a row, worker, vault, files, Postgres and Valkey, beside curator's one process",
            all_ms / cpu_ms,
            0.9,
            f"{all_ms:.2f} beside {cpu_ms:.2f} ms, aim 0.5",
            above=False,
        )
    yield Figure("peak memory of the worker, MiB", memory, 250, f"{ROWS:,}-row jobs, aim 150", above=False)
    site.provider.script(record=False)
    large = site.run(LARGE_ROWS, PARALLEL)
    grown = peak_memory_mib(site.stack.pids["worker-1"])
    yield Figure(
        f"the same after {LARGE_ROWS:,} rows, beside that",
        grown / memory,
        2.0,
        f"{grown:.0f} beside {memory:.0f} MiB, aim flat; {large.rate:.0f} rows/s at 0 ms",
        above=False,
    )


def _first_call(site: Site) -> Figure:
    """The time from the request that starts a job until its first call reaches the provider."""
    file, template = site.file(ROWS), site.template()
    waits = []
    for _ in range(ROUNDS):
        site.provider.reset()
        site.provider.script(latency_ms=LATENCY_MS)
        started = time.monotonic()
        job = site.person.job(file, [template], parallel_calls=PARALLEL)
        site.provider.wait_for(1)
        site.person.ok("POST", f"/v1/{job['name']}:cancel", {})
        waits.append(site.provider.requests()[0]["received"] - started)
        _quiet(site)
    detail = f"{ROWS:,} rows, aim 0.3; {', '.join(f'{wait:.2f}' for wait in waits)} s"
    return Figure("submit to first call, s", median(waits), 1.0, detail, above=False)


def _quiet(site: Site) -> None:
    """Return once the cancelled job's worker is idle."""
    pid = site.stack.pids["worker-1"]
    used = -1.0
    while (now := cpu_seconds([pid])) - used > 0.05:
        used = now
        time.sleep(0.5)


def _bare(site: Site) -> tuple[float, float]:
    said = subprocess.run(
        [sys.executable, "-m", "tests.bench.bare_openai", site.provider.base_url, str(ROWS), str(PARALLEL)],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, cpu = map(float, said.stdout.split())
    return seconds, cpu
