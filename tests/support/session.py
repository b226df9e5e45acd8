"""Resources that the processes of a test run share: the first one to need it starts it, the run ends it."""

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
    """The directory of a whole run, also under pytest-xdist, whose workers inherit the variable."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @classmethod
    def begin(cls) -> "Session":
        """Create the run's directory, after cleaning up after runs that were killed."""
        for abandoned in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
            _sweep(abandoned)
        directory = Path(tempfile.mkdtemp(prefix=PREFIX))
        # When the tests run as root, Postgres runs as nobody, and must be able to enter.
        directory.chmod(0o755)
        pid = os.getpid()
        owner = Recorded("pytest", pid, started(pid) or "")
        (directory / "owner.json").write_text(json.dumps(asdict(owner)))
        os.environ[VARIABLE] = str(directory)
        return cls(directory)

    @classmethod
    def current(cls) -> "Session":
        """The run that this process belongs to."""
        return cls(Path(os.environ[VARIABLE]))

    def shared(self, name: str, start: Callable[["Room"], dict[str, Any]]) -> dict[str, Any]:
        """The result of `start`, which only the first process of the run calls."""
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
    """A directory for one shared resource, and the record of its processes."""

    def __init__(self, directory: Path, record: Path) -> None:
        directory.mkdir(mode=0o755, exist_ok=True)
        self.directory = directory
        self.register = Register(record)


def _end_processes(directory: Path) -> None:
    # A launcher is ended before its children, or it would restart them.
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
