"""Which processes belong to this stack: recorded by pid and start time, so that those of a killed launcher
are found again and a pid the system has given to somebody else is never signalled."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local.secret_files import write_secret


@dataclass(frozen=True, slots=True)
class Recorded:
    """A process of the stack; `started` is None-free text that differs for every process of this pid."""

    name: str
    pid: int
    started: str
    stop_signal: int = signal.SIGTERM

    def alive(self) -> bool:
        return started(self.pid) == self.started

    def send(self, number: int) -> None:
        """Signal the process if it is still the one that was recorded."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the process and what it started: children lead sessions, and so groups, of their own."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)


class Register:
    """The recorded processes, in a file that is rewritten with every change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._entries: dict[int, Recorded] = {}

    def add(self, name: str, pid: int, *, stop_signal: int = signal.SIGTERM) -> None:
        began = started(pid)
        if began is None:
            return
        with self._lock:
            self._entries[pid] = Recorded(name, pid, began, stop_signal)
            self._write()

    def remove(self, pid: int) -> None:
        with self._lock:
            if self._entries.pop(pid, None):
                self._write()

    def _write(self) -> None:
        write_secret(self._path, json.dumps([asdict(entry) for entry in self._entries.values()]))


def end_leftovers(path: Path, *, patience_seconds: float = 10.0) -> list[str]:
    """End the processes that the file at `path` records and that still run; return their names."""
    leftovers = [entry for entry in _read(path) if entry.alive()]
    for entry in leftovers:
        entry.send(entry.stop_signal)
    deadline = time.monotonic() + patience_seconds
    remaining = leftovers
    while remaining and time.monotonic() < deadline:
        time.sleep(0.02)
        remaining = [entry for entry in remaining if entry.alive()]
    for entry in remaining:
        entry.kill()
    while any(entry.alive() for entry in remaining):
        time.sleep(0.02)
    path.unlink(missing_ok=True)
    return [entry.name for entry in leftovers]


def started(pid: int) -> str | None:
    """When the process began, in words of the system; None if it does not run (a zombie does not)."""
    if sys.platform == "linux":
        return _started_linux(pid)
    return _started_by_ps(pid)


def _started_linux(pid: int) -> str | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    if fields[0] in "ZX":
        return None
    # Ticks since boot mean nothing after another boot, hence the boot's own id.
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}:{fields[19]}"


def _started_by_ps(pid: int) -> str | None:
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    state, _, began = answer.stdout.strip().partition(" ")
    return began.strip() if began and not state.startswith("Z") else None


def _read(path: Path) -> Sequence[Recorded]:
    try:
        return [Recorded(**entry) for entry in json.loads(path.read_text())]
    except (OSError, ValueError, TypeError):
        return []
