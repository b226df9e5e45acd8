"""Rows per second of one worker, key release and durable results included, beside a bare AsyncOpenAI loop."""

import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2

from tests.bench.figures import Figure, cpu_seconds, peak_memory_mib, tree
from tests.e2e.api import register, tls
from tests.support.provider import Provider
from tests.support.stack import Stack

ROWS = 2000
PARALLEL = 256
TARGET = 0.4


def run(stack: Stack) -> Iterator[Figure]:
    """Measure at 0 ms and at 50 ms provider latency."""
    provider = Provider(urlsplit(stack.provider_url).netloc)
    with httpx2.Client(base_url=stack.gateway_url, verify=tls(stack), timeout=120, trust_env=False) as http:
        person = register(http)
        person.add_key(provider.base_url)
        file = person.file(b"n\n" + b"".join(b"%d\n" % n for n in range(ROWS)), "bench.csv")
        template = person.template("Write a hook for row {{n}}")
        for latency in (0, 50):
            provider.script(latency_ms=latency, record=False)
            warm = person.job(file, [template], last_row=200, parallel_calls=PARALLEL)
            person.finished(warm)
            pids = {name: tree(pid) for name, pid in stack.pids.items() if name != "provider"}
            before = {name: cpu_seconds(tree_of) for name, tree_of in pids.items()}
            started = time.perf_counter()
            job = person.job(file, [template], parallel_calls=PARALLEL)
            done = person.finished(job)
            seconds = time.perf_counter() - started
            assert done["request_counts"]["succeeded"] == ROWS, done
            spent = {name: cpu_seconds(tree_of) - before[name] for name, tree_of in pids.items()}
            said = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "tests.bench.bare_openai",
                    provider.base_url,
                    str(ROWS),
                    str(PARALLEL),
                ],
                capture_output=True,
                text=True,
                check=True,
            )
            bare_seconds, bare_cpu = map(float, said.stdout.split())
            detail = ", ".join(f"{name} {1000 * cpu / ROWS:.2f}" for name, cpu in spent.items() if cpu > 0.01)
            yield Figure(
                f"rows/s of one worker beside the bare loop, {latency} ms",
                bare_seconds / seconds,
                TARGET,
                f"{ROWS / seconds:.0f} beside {ROWS / bare_seconds:.0f} rows/s; CPU ms per row: "
                f"{detail}; bare loop {1000 * bare_cpu / ROWS:.2f}",
            )
        memory = peak_memory_mib(stack.pids["worker-1"])
        yield Figure("peak memory of the worker, MiB", memory, 200, f"after {ROWS}-row jobs", above=False)
