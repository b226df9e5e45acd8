"""Workers beside the stack's own, which are started and ended by a benchmark."""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.runtime import ROOT
from tests.bench.jobs.site import Site
from tests.support.ports import free_port

START_SECONDS = 60


def environment_of(site: Site) -> dict[str, str]:
    """Return the environment of the stack's own worker."""
    said = Path(f"/proc/{site.stack.pids['worker-1']}/environ").read_text()
    return dict(entry.split("=", 1) for entry in said.split("\0") if "=" in entry)


@contextmanager
def worker(environment: dict[str, str], **settings: str) -> Iterator[int]:
    """Run a worker for the length of the block; yield its pid once it is ready."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "services.processor", "worker"],
        cwd=ROOT,
        env=environment | settings | {"SMELT_HEALTH_LISTEN": f"127.0.0.1:{port}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port)
        yield process.pid
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _wait(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the worker did not start")
