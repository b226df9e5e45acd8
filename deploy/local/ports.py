"""Loopback ports for one stack, which no other stack uses and which stay the same if possible."""

import json
import random
import socket
from pathlib import Path
from types import TracebackType

from deploy.local.errors import CannotStart
from deploy.local.secret_files import write_secret

# Below the ephemeral ranges of Linux (32768) and macOS (49152), so no outgoing connection can occupy them.
FIRST, LAST, BLOCK = 20000, 32000, 100


class PortBlock:
    """A block of consecutive ports. Its first port stays bound as long as the block is held, which keeps two
    launchers on one machine from choosing the same ports."""

    def __init__(self, guard: socket.socket, base: int) -> None:
        self._guard = guard
        self._base = base
        self._next = base + 1

    @classmethod
    def reserve(cls, remembered: Path | None = None) -> "PortBlock":
        """A free block; the one named in the file `remembered` if it is still free."""
        candidates = random.sample(range(FIRST, LAST, BLOCK), (LAST - FIRST) // BLOCK)
        if remembered and (base := _remembered_base(remembered)):
            candidates.insert(0, base)
        for base in candidates:
            if (guard := _bind(base)) is not None:
                if remembered:
                    write_secret(remembered, json.dumps({"base": base}))
                return cls(guard, base)
        raise CannotStart(f"there are no free loopback ports between {FIRST} and {LAST}")

    def take(self) -> int:
        """The next port of the block that nothing listens on."""
        while self._next < self._base + BLOCK:
            port, self._next = self._next, self._next + 1
            if is_free(port):
                return port
        raise CannotStart(f"all loopback ports from {self._base} to {self._base + BLOCK - 1} are in use")

    def close(self) -> None:
        self._guard.close()

    def __enter__(self) -> "PortBlock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do, so that a port with TIME_WAIT connections of an earlier run does not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


def _bind(port: int) -> socket.socket | None:
    guard = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        guard.bind(("127.0.0.1", port))
    except OSError:
        guard.close()
        return None
    return guard


def _remembered_base(path: Path) -> int | None:
    try:
        base = json.loads(path.read_text())["base"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return base if isinstance(base, int) and base in range(FIRST, LAST, BLOCK) else None
