"""A batch as it is recorded: rows of a shard at one step, and how far it is on its way."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

#: A longer list of rows is cut in the log; the table has the whole of it.
_MOST_RANGES = 200


class JobStopped(Exception):
    """The job was paused or has ended, so no batch of it may be made."""


class State(StrEnum):
    """How far a batch is. Each state is recorded before the call that ends it."""

    #: Its rows are chosen; it may have been uploaded.
    NEW = "NEW"
    UPLOADED = "UPLOADED"
    #: It may have been made.
    MAKING = "MAKING"
    SENT = "SENT"
    #: What it answered can be read.
    OVER = "OVER"
    #: What it answered was read; its files may still be there.
    COLLECTED = "COLLECTED"
    DONE = "DONE"


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch before it is sent: its rows, and the requests, one line each."""

    step: int
    rows: tuple[int, ...]
    left_out: frozenset[str]
    nanos: int
    lines: tuple[bytes, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that is recorded; the provider's ids are empty until they are known."""

    number: int
    mark: str
    grant_id: str
    step: int
    rows: tuple[int, ...]
    left_rows: frozenset[int]
    left_out: frozenset[str]
    state: State
    input_file: str
    remote: str
    output_file: str
    error_file: str
    looks: int
    is_repeated: bool
    #: Seconds since it was sent, by the database's clock; 0 before.
    age_seconds: float

    @property
    def file_name(self) -> str:
        """The name under which its requests are uploaded."""
        return f"{self.mark}.jsonl"


def ranges(rows: Sequence[int]) -> str:
    """Return row numbers as `1-3,7`, for the log."""
    runs: list[list[int]] = []
    for row in rows:
        if runs and row == runs[-1][1] + 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    shown = [str(first) if first == last else f"{first}-{last}" for first, last in runs[:_MOST_RANGES]]
    return ",".join(shown) + (",..." if len(runs) > _MOST_RANGES else "")
