"""The row path beside a bare AsyncOpenAI loop and curator: 5,000 rows, 50 ms, 256 calls in flight."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import median

from tests.bench.figures import Figure, cpu_seconds
from tests.bench.jobs import curator
from tests.bench.jobs.site import Ran, Site
from tests.support.proc import peak_memory_mib

ROWS = 5000
PARALLEL = 256
LATENCY_MS = 50
ROUNDS = 5
LARGE_ROWS = 50_000


def run(site: Site) -> Iterator[Figure]:
    """Measure in turns, so that other load on the machine affects all alike."""
    print(f"-   load of the machine: {os.getloadavg()[0]:.2f}", flush=True)
    yield _first_call(site)
    site.provider.script(latency_ms=LATENCY_MS, record=False)
    site.run(200, PARALLEL)
    jobs: list[Ran] = []
    openai: list[tuple[float, float]] = []
    aiohttp: list[float] = []
    for _ in range(ROUNDS):
        jobs.append(site.run(ROWS, PARALLEL))
        openai.append(_bare(site, "bare_openai"))
        aiohttp.append(_bare(site, "bare_aiohttp")[1])
    memory = peak_memory_mib(site.stack.pids["worker-1"])
    job = sorted(jobs, key=lambda each: each.rate)[len(jobs) // 2]
    openai_rate = median(ROWS / seconds for seconds, _ in openai)
    openai_ms = median(1000 * cpu / ROWS for _, cpu in openai)
    aiohttp_ms = median(1000 * cpu / ROWS for cpu in aiohttp)

    def ms(*names: str) -> float:
        return median(each.cpu_ms(*names) for each in jobs)

    yield Figure(
        "worker's CPU a row beside the bare openai loop",
        ms("worker-1") / openai_ms,
        0.8,
        f"{ms('worker-1'):.2f} beside {openai_ms:.2f} ms, aim 0.55; ms a row: {job.parts()}; "
        f"medians of {ROUNDS}",
        above=False,
    )
    yield Figure(
        "vault's CPU a row beside the bare aiohttp call",
        ms("vault") / aiohttp_ms,
        1.5,
        f"{ms('vault'):.2f} beside {aiohttp_ms:.2f} ms, aim 0.8",
        above=False,
    )
    postgres = ms("postgres", "keystore")
    yield Figure(
        "CPU a row of both Postgres clusters, ms",
        postgres,
        0.3,
        f"beside {aiohttp_ms:.2f} ms of the bare aiohttp call, aim 0.15",
        above=False,
    )
    yield Figure(
        "rows/s beside the bare openai loop",
        job.rate / openai_rate,
        0.5,
        f"{job.rate:.0f} beside {openai_rate:.0f} rows/s, from the request to the downloaded result",
    )
    said = curator.measure(site.provider.base_url, rows=ROWS, parallel=PARALLEL)
    if isinstance(said, str):
        print(f"-   curator was not measured: {said}", flush=True)
    else:
        rate, cpu_ms = ROWS / said.seconds, 1000 * said.cpu_seconds / ROWS
        detail = f"{job.rate:.0f} beside {rate:.0f} rows/s, aim 5"
        yield Figure("rows/s beside curator", job.rate / rate, 3.0, detail)
        yield Figure(
            "CPU a row, all processes, beside curator's one",
            ms(*site.stack.pids) / cpu_ms,
            0.5,
            f"{ms(*site.stack.pids):.2f} beside {cpu_ms:.2f} ms, aim 0.33",
            above=False,
        )
    yield Figure("peak memory of the worker, MiB", memory, 150, f"{ROWS:,}-row jobs, aim 100", above=False)
    site.provider.script(record=False)
    large = site.run(LARGE_ROWS, PARALLEL)
    grown = peak_memory_mib(site.stack.pids["worker-1"])
    yield Figure(
        f"the same after {LARGE_ROWS:,} rows, beside that",
        grown / memory,
        1.1,
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
    detail = f"{ROWS:,} rows, aim 0.1; {', '.join(f'{wait:.2f}' for wait in waits)} s"
    return Figure("submit to first call, s", median(waits), 0.2, detail, above=False)


def _quiet(site: Site) -> None:
    """Return once the cancelled job's worker is idle."""
    pid = site.stack.pids["worker-1"]
    used = -1.0
    while (now := cpu_seconds([pid])) - used > 0.05:
        used = now
        time.sleep(0.5)


def _bare(site: Site, program: str) -> tuple[float, float]:
    command = [
        sys.executable,
        "-m",
        f"tests.bench.{program}",
        site.provider.base_url,
        str(ROWS),
        str(PARALLEL),
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, cpu = map(float, said.stdout.split())
    return seconds, cpu
