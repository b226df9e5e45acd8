"""What a second worker adds if there are enough cores: workers limited to one shard, with a slow provider."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.runtime import ROOT
from tests.bench.figures import Figure
from tests.bench.jobs.site import Site
from tests.support.ports import free_port

ROWS = 3000
#: Two shards in flight with a hundred calls each: a worker with one shard does at most 250 rows a second.
PARALLEL = 200
LATENCY_MS = 400
START_SECONDS = 30


def run(site: Site) -> Iterator[Figure]:
    """Run the same job with one worker and with two."""
    site.provider.reset()
    site.provider.script(latency_ms=LATENCY_MS, record=False)
    usual = site.stack.pids["worker-1"]
    environment = dict(
        entry.split("=", 1)
        for entry in Path(f"/proc/{usual}/environ").read_text().split("\0")
        if "=" in entry
    )
    os.kill(usual, signal.SIGSTOP)
    try:
        with _worker(environment):
            alone = site.run(ROWS, PARALLEL)
            with _worker(environment):
                together = site.run(ROWS, PARALLEL)
    finally:
        os.kill(usual, signal.SIGCONT)
    yield Figure(
        "a second worker's rows/s beside one alone",
        together.rate / alone.rate,
        1.6,
        f"{together.rate:.0f} beside {alone.rate:.0f} rows/s, aim 1.8; one shard each, {LATENCY_MS} ms",
    )


@contextmanager
def _worker(environment: dict[str, str]) -> Iterator[None]:
    """A worker that runs while the stack's own is suspended."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "services.processor", "worker"],
        cwd=ROOT,
        env=environment | {"SMELT_WORKER_SHARDS": "1", "SMELT_HEALTH_LISTEN": f"127.0.0.1:{port}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _wait(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the worker did not start")
