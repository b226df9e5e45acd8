"""A row's result as it is stored: numbers are plain, everything that comes from people is sealed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

#: States of a row: some steps are done; all steps are done; the row failed for good; nothing was sent for it,
#: because its used columns are blank.
UNDER_WAY = 0
SUCCEEDED = 1
FAILED = 2
SKIPPED = 3
#: Results that are opened at once. More hold the interpreter's lock for longer and take more memory; fewer
#: cost more queries.
PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row's stored result."""

    row: int
    state: int
    attempts: int
    reason: str
    flags: int
    confidence: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class NewResult:
    """A result on its way into the database."""

    row: int
    state: int
    attempts: int
    reason: str
    flags: int
    confidence: int
    payload: bytes
    input_tokens: int
    output_tokens: int
    #: The model of the step that ended with this result, and the step's cost in billionths of a US dollar.
    #: A skipped row has no model: no step ended, so it counts as no usage.
    model: str
    cost_nanos: int
    #: The answer as it is stored for identical prompts: its code, and the sealed texts.
    kept: tuple[bytes, bytes] | None = None
    #: Whether some of the tokens are estimated.
    is_estimated: bool = False


class ReadsResults(Protocol):
    """Reads results of rows."""

    async def page(self, job: str, first: int, last: int, *, most_bytes: int) -> list[StoredRow]:
        """Return the finished rows of a range, in order, up to the one with which they exceed the bytes."""
        ...


async def in_pieces(
    results: ReadsResults, job: str, first: int, last: int
) -> AsyncIterator[tuple[int, list[StoredRow]]]:
    """Yield the finished rows of a range in pieces of about a megabyte, each with the last row it covers."""
    while first <= last:
        found = await results.page(job, first, last, most_bytes=PIECE_BYTES)
        is_full = sum(len(row.payload) for row in found) > PIECE_BYTES
        until = found[-1].row if is_full else last
        yield until, found
        first = until + 1
