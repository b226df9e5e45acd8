"""How busy the event loop and the memory of a running process are, by its own metrics and by the kernel."""

import asyncio
import re
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.patience import PATIENCE_SECONDS

_LINE = re.compile(r"^(\w+)(?:\{([^}]*)\})? (\S+)$", re.MULTILINE)
_LAG = "smelt_loop_lag_seconds"
#: Beats that must have come after the work: the one that was due while it ran, and one that was on time.
_BEATS = 3


@dataclass(slots=True)
class Held:
    """For how long work held a loop up, at most, by the bounds of the histogram's buckets, in seconds.

    `loop` is processor time of the loop's thread, `process` that of the whole process, which other threads
    can keep the loop from by holding the interpreter's lock.
    """

    loop: float = 0.0
    process: float = 0.0


@dataclass(frozen=True, slots=True)
class Process:
    """A running process of a stack."""

    pid: int
    _health: list[str] = field(default_factory=list)

    @property
    def health(self) -> str:
        """host:port of its plaintext port."""
        if not self._health:
            settings = Path(f"/proc/{self.pid}/environ").read_bytes().split(b"\0")
            listen = next(each for each in settings if each.startswith(b"SMELT_HEALTH_LISTEN="))
            self._health.append(listen.partition(b"=")[2].decode())
        return self._health[0]

    def metrics(self) -> dict[tuple[str, str], float]:
        """Return the metrics of its loop by name and labels."""
        names = "&".join(f"name[]={_LAG}{each}" for each in ("_bucket", "_count"))
        address = f"http://{self.health}/metrics?{names}"
        with urllib.request.urlopen(address, timeout=PATIENCE_SECONDS) as answer:
            text = answer.read().decode()
        return {(name, labels): float(value) for name, labels, value in _LINE.findall(text)}

    def resident_bytes(self) -> int:
        """Return the memory that it has now."""
        pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * 4096

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[Held]:
        """Say, after the block, for how long the block held the loop up."""
        held = Held()
        before = await asyncio.to_thread(self.metrics)
        try:
            yield held
        finally:
            ended = _beats(await asyncio.to_thread(self.metrics))
            while _beats(after := await asyncio.to_thread(self.metrics)) < ended + _BEATS:
                await asyncio.sleep(0.01)
            held.loop, held.process = (_longest(before, after, of) for of in ("loop", "process"))


def _beats(metrics: dict[tuple[str, str], float]) -> float:
    return metrics[f"{_LAG}_count", 'of="wall"']


def _longest(before: dict[tuple[str, str], float], after: dict[tuple[str, str], float], of: str) -> float:
    """Return the bound of the highest bucket that counted something in between."""
    bounds: dict[float, float] = {}
    for (name, labels), count in after.items():
        if name == f"{_LAG}_bucket" and f'of="{of}"' in labels:
            bound = float(re.findall(r'le="([^"]+)"', labels)[0])
            bounds[bound] = count - before.get((name, labels), 0.0)
    found, seen = 0.0, 0.0
    for bound in sorted(bounds):
        if bounds[bound] > seen:
            found = bound
        seen = bounds[bound]
    return found
