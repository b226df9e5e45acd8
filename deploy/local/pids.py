"""The stack's processes, recorded by pid and start time, so that those of a killed launcher are found again
and a pid that now belongs to another process is never signalled."""

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
    """A process of the stack; `started` is never None and differs between processes with the same pid."""

    name: str
    pid: int
    started: str
    stop_signal: int = signal.SIGTERM

    def alive(self) -> bool:
        return started(self.pid) == self.started

    def send(self, number: int) -> None:
        """Send the process a signal, if it is still the recorded one."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the process and everything it started: each child leads a session, and so a process group."""
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
    """The process's start time in the system's own format; None if it is not running (a zombie is not)."""
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
    # Ticks since boot mean nothing after a reboot, hence the boot id.
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
