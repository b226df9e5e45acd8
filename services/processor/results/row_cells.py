"""The cells of some of a job's rows, as the job's own parse of the file has them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from services.common.errors import DomainError
from services.common.paging import PAGE_BYTES
from services.processor.jobs.job import Job
from services.processor.outside import Proof, ReadsRows

#: Rows this near to each other are read together: files opens blocks of 500 rows, so that reading what lies
#: between costs less than a further call.
_NEAR_ROWS = 100
#: What one page reads at most. Rows that a filter finds far apart take a call each; a page ends early
#: before it takes long.
_MOST_CALLS = 20
_MOST_READ_ROWS = 5000
_FILE_GONE = "FILE_NOT_FOUND"


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of the first of the rows that were asked for, by number: as many as a page can hold."""

    by_row: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    #: Whether the file was deleted, and its cells with it.
    gone: bool = False

    def reached(self, numbers: Sequence[int]) -> Sequence[int]:
        """Return the numbers up to the last one whose cells were read."""
        return numbers if self.gone else numbers[: len(self.by_row)]


async def read_cells(files: ReadsRows, job: Job, numbers: Sequence[int], proof: Proof) -> Cells:
    """Read the cells of rows, which are in order; of one row at least. Raises FILE_DAMAGED."""
    found: dict[int, tuple[str, ...]] = {}
    wanted, room = frozenset(numbers), PAGE_BYTES
    try:
        for first, last in _spans(numbers):
            rows = files.rows(job.file, job.parse, first=first, count=last - first + 1, proof=proof)
            async with aclosing(rows) as batches:
                async for batch in batches:
                    for row in batch:
                        if row.number not in wanted:
                            continue
                        cells = tuple(row.cells)
                        # A character has a byte at least; the page counts its bytes exactly.
                        room -= sum(map(len, cells))
                        if found and room < 0:
                            return Cells(found)
                        found[row.number] = cells
    except DomainError as error:
        if error.reason != _FILE_GONE:
            raise
        return Cells(gone=True)
    return Cells(found)


def _spans(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the ranges that are read, as first and last row; the last ones are left out if it is too much."""
    calls, read = 0, 0
    first = last = numbers[0]
    for number in (*numbers[1:], None):
        if number is not None and number - last <= _NEAR_ROWS:
            last = number
            continue
        calls, read = calls + 1, read + last - first + 1
        if calls > 1 and (calls > _MOST_CALLS or read > _MOST_READ_ROWS):
            return
        yield first, last
        if number is not None:
            first = last = number
