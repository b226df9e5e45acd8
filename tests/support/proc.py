"""What the kernel tells of a process and its children."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_EVERY_SECONDS = 0.05


def tree(pid: int) -> set[int]:
    """Return a process and its descendants; who ends meanwhile may be among them."""
    found = {pid}
    for task in Path(f"/proc/{pid}/task").glob("*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            for child in (task / "children").read_text().split():
                found |= tree(int(child))
    return found


def peak_memory_mib(pid: int) -> float:
    """Return the most memory that a process has held at once (VmHWM), in MiB; children are not counted."""
    return _mib(pid, "VmHWM")


class FamilyPeak:
    """The most that a process and its children held at once, as far as looks have shown, in MiB."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.mib = 0.0
        self.most_children = 0

    def look(self) -> None:
        """Look once."""
        own = _command(self._pid)
        # One that is being made still has its parent's memory and command.
        children = [child for child in tree(self._pid) if _command(child) not in (own, b"")]
        self.most_children = max(self.most_children, len(children))
        # What children map of files, their parent has mapped too.
        now = sum(_mib(child, "RssAnon") for child in children) + _mib(self._pid, "VmRSS")
        self.mib = max(self.mib, now, _mib(self._pid, "VmHWM"))


@contextmanager
def watched(pid: int) -> Iterator[FamilyPeak]:
    """Look at a process again and again inside the block."""
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
    # Who has ended and waits to be asked for holds nothing.
    line = next((line for line in lines if line.startswith(name)), f"{name}: 0")
    return int(line.split()[1]) / 1024
