"""Names of the write-ahead log's pieces: 8 hex digits of timeline, 8 of "log", 8 of segment within it.

A piece is 16 MiB unless the cluster was made otherwise; all names here carry the size that the cluster has.
"""

import re
from dataclasses import dataclass

SEGMENT = re.compile(r"[0-9A-F]{24}")
HISTORY = re.compile(r"[0-9A-F]{8}\.history")
DEFAULT_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """One piece of the log: its timeline, and its number from the log's beginning."""

    timeline: int
    number: int

    @classmethod
    def named(cls, name: str, size: int = DEFAULT_BYTES) -> "Segment":
        """Read a name; raise ValueError."""
        if not SEGMENT.fullmatch(name):
            raise ValueError(name)
        per_log = (1 << 32) // size
        return cls(int(name[:8], 16), int(name[8:16], 16) * per_log + int(name[16:], 16))

    @classmethod
    def holding(cls, lsn: int, timeline: int, size: int = DEFAULT_BYTES) -> "Segment":
        """Return the piece that a position lies in."""
        return cls(timeline, lsn // size)

    def name(self, size: int = DEFAULT_BYTES) -> str:
        per_log = (1 << 32) // size
        return f"{self.timeline:08X}{self.number // per_log:08X}{self.number % per_log:08X}"

    def next(self) -> "Segment":
        return Segment(self.timeline, self.number + 1)

    def end(self, size: int = DEFAULT_BYTES) -> int:
        """Return the first position after the piece."""
        return (self.number + 1) * size


def lsn(text: str) -> int:
    """Read a position as Postgres writes it, `16/B374D848`."""
    high, low = text.split("/")
    return (int(high, 16) << 32) | int(low, 16)
