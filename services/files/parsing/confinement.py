"""The memory and the time that a process may take for one file, held by the system."""

import os
import resource
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

#: After its seconds a process is killed by SIGXCPU; by this many later, if it still runs, for certain.
_MORE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Confinement:
    """The most memory in bytes beyond what the program itself takes, and the most seconds of a processor."""

    memory_bytes: int
    seconds: int


def confine(confinement: Confinement) -> None:
    """Confine this process for good. Where the system cannot bound memory, only the time is bounded."""
    # A dump of the memory would show cells.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    seconds = confinement.seconds
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + _MORE_SECONDS))
    memory = _taken() + confinement.memory_bytes
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _taken() -> int:
    """Return the bytes of address space that the process has; 0 where that is not to be found."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return 0
