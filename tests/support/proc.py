"""What the kernel reports about a process and its children."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_EVERY_SECONDS = 0.05


def tree(pid: int) -> set[int]:
    """Return a process and its descendants, possibly including some that have just ended."""
    found = {pid}
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in (task / "children").read_text().split():
                found |= tree(int(child))
    return found


def peak_memory_mib(pid: int) -> float:
    """Return a process's peak memory (VmHWM) in MiB, without its children."""
    return _mib(pid, "VmHWM")


def memory_mib(pid: int) -> float:
    """Return a process's memory at this moment (VmRSS) in MiB, without its children."""
    return _mib(pid, "VmRSS")


def forget_peak(pid: int) -> None:
    """Let `peak_memory_mib` begin again from now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


class FamilyPeak:
    """The peak memory of a process and its children together, as far as samples show, in MiB."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.mib = 0.0
        self.most_children = 0

    def look(self) -> None:
        """Take one sample."""
        own = _command(self._pid)
        # A child that is still being forked has its parent's memory and command.
        children = [child for child in tree(self._pid) if _command(child) not in (own, b"")]
        self.most_children = max(self.most_children, len(children))
        # Files that children map are mapped by their parent too.
        now = sum(_mib(child, "RssAnon") for child in children) + _mib(self._pid, "VmRSS")
        self.mib = max(self.mib, now, _mib(self._pid, "VmHWM"))


@contextmanager
def watched(pid: int) -> Iterator[FamilyPeak]:
    """Sample a process repeatedly during the block."""
    peak, over = FamilyPeak(pid), threading.Event()

    def look() -> None:
        while not over.wait(_EVERY_SECONDS):
            peak.look()

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield peak
    finally:
        over.set()
        looking.join()
        peak.look()


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def _mib(pid: int, name: str) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    # A zombie holds no memory.
    line = next((line for line in lines if line.startswith(name)), f"{name}: 0")
    return int(line.split()[1]) / 1024
