"""The result of a benchmark: a figure, its ratio to a yardstick in the same run, and the target."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report."""

    name: str
    ratio: float
    target: float
    detail: str
    #: Whether the ratio must stay above the target, or below.
    above: bool = True

    @property
    def met(self) -> bool:
        """Whether the target is reached."""
        return self.ratio >= self.target if self.above else self.ratio <= self.target

    def __str__(self) -> str:
        word = "at least" if self.above else "at most"
        mark = "ok " if self.met else "RED"
        return f"{mark} {self.name}: {self.ratio:.2f} ({word} {self.target:g}); {self.detail}"


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the user and system time of processes and their ended children, in seconds."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += sum(map(int, fields[11:15]))
    return total / TICKS
