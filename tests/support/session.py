"""What one test run shares between its processes: started by whoever needs it first, ended by the run."""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deploy.local.pids import Recorded, Register, end_leftovers, started

PREFIX = "smelt-tests-"
VARIABLE = "SMELT_TEST_SESSION"


class Session:
    """A directory of the whole run, also under pytest-xdist: its workers inherit the variable."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def begin(cls) -> "Session":
        """Make the run's directory, after sweeping up after runs that were killed."""
        for abandoned in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            _sweep(abandoned)
        directory = Path(tempfile.mkdtemp(prefix=PREFIX))
        # Postgres runs as nobody when the tests run as root, and must get in.
        directory.chmod(0o755)
        pid = os.getpid()
        owner = Recorded("pytest", pid, started(pid) or "")
        (directory / "owner.json").write_text(json.dumps(asdict(owner)))
        os.environ[VARIABLE] = str(directory)
        return cls(directory)

    @classmethod
    def current(cls) -> "Session":
        """The run that this process is a part of."""
        return cls(Path(os.environ[VARIABLE]))

    def shared(self, name: str, start: Callable[["Room"], dict[str, Any]]) -> dict[str, Any]:
        """What `start` said when the first process of the run called it."""
        said = self.directory / f"{name}.json"
        with _locked(self.directory / f"{name}.lock"):
            if said.exists():
                answer: dict[str, Any] = json.loads(said.read_text())
                return answer
            answer = start(Room(self.directory / name, self.directory / f"processes-{name}.json"))
            said.write_text(json.dumps(answer))
            return answer

    def end(self) -> None:
        """End every process of the run and remove its files."""
        os.environ.pop(VARIABLE, None)
        _end_processes(self.directory)
        shutil.rmtree(self.directory, ignore_errors=True)


class Room:
    """A directory for one shared thing, and the record of its processes."""

    def __init__(self, directory: Path, record: Path) -> None:
        directory.mkdir(mode=0o755, exist_ok=True)
        self.directory = directory
        self.register = Register(record)


def _end_processes(directory: Path) -> None:
    # A launcher is ended before what it started, else it would start that again.
    for record in sorted(directory.rglob("processes*.json"), key=lambda path: len(path.parts)):
        end_leftovers(record, patience_seconds=30.0)


def _sweep(directory: Path) -> None:
    try:
        owner = Recorded(**json.loads((directory / "owner.json").read_text()))
    except (OSError, ValueError, TypeError):
        return
    if not owner.alive() and os.access(directory, os.W_OK):
        _end_processes(directory)
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
