"""A launcher over hollow services, and what its tests wait for."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from deploy.local.pids import started
from deploy.local.processes import inherited_environment
from deploy.local.runtime import ROOT
from deploy.local.services import python_environment
from tests.support.patience import PATIENCE_SECONDS
from tests.support.session import Session

PROVIDER_KEY = "sk-canary-of-the-persons-own-shell"


class Hollow:
    """A launcher over one state directory, started and ended by the tests."""

    def __init__(self, directory: Path) -> None:
        self.state = directory / "state"
        self._directory = directory
        self._process: subprocess.Popen[str] | None = None

    def start(self, **settings: str) -> None:
        environment = {
            **inherited_environment(),
            **python_environment(),
            "OPENAI_API_KEY": PROVIDER_KEY,
            "SMELT_TOKEN": PROVIDER_KEY,
            "SMELT_STATE_DIR": str(self.state),
            "SMELT_GATEWAY_PORT": "0",
            **settings,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.hollow", str(self._directory / "code")],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    @property
    def process(self) -> "subprocess.Popen[str]":
        assert self._process
        return self._process

    def wait_ready(self) -> dict[str, int]:
        """The pids of the processes, once all are ready."""
        eventually((self.state / "stack.json").exists, alive=self.process)
        return self.pids()

    def pids(self) -> dict[str, int]:
        pids: dict[str, int] = json.loads((self.state / "stack.json").read_text())["pids"]
        return pids

    def end(self) -> tuple[int, str]:
        """Exit code and output, after an orderly end that something else has asked for."""
        output, _ = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, output

    def query(self, statement: str) -> list[tuple[object, ...]]:
        """Ask the database of auth, as auth."""
        url = (self.state / "secrets" / "auth-database.url").read_text().replace("+psycopg", "")
        with psycopg.connect(url) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def hollow_in(session: Session) -> Iterator[Hollow]:
    """A launcher with a directory of its own, stopped at the end."""
    directory = session.directory / f"hollow-{os.getpid()}-{time.monotonic_ns()}"
    directory.mkdir(mode=0o755)
    launcher = Hollow(directory)
    try:
        yield launcher
    finally:
        if launcher.process.poll() is None:
            launcher.process.send_signal(signal.SIGTERM)
            launcher.end()


def eventually(
    true: Callable[[], bool],
    *,
    alive: "subprocess.Popen[str] | None" = None,
    seconds: float = PATIENCE_SECONDS,
) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        if alive and alive.poll() is not None:
            raise AssertionError(f"ended: {alive.communicate()[0]}")
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def gone(pids: Mapping[str, int]) -> bool:
    return not any(started(pid) for pid in pids.values())
