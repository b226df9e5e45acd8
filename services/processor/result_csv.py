"""The result file: the rows as they were, and one new column per template, as CSV (RFC 4180) in UTF-8."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Protocol

from services.processor.job_plan import Snapshot
from services.processor.payloads import JobSeal
from services.processor.peers import Rows
from services.processor.row_result import SUCCEEDED, StoredRow

PIECE_BYTES = 512 * 1024


class Results(Protocol):
    """Where results are kept."""

    async def between(self, job: str, first: int, last: int) -> list[StoredRow]: ...


async def pieces(
    job: str, snapshot: Snapshot, *, rows: AsyncIterator[Rows], results: Results, seal: JobSeal
) -> AsyncIterator[bytes]:
    """Yield the file in pieces of at most 512 KiB; rows that failed or are not done have empty outputs."""
    waiting = bytearray(_lines([(*snapshot.columns, *snapshot.outputs)]))
    blanks = ("",) * len(snapshot.outputs)
    async for batch in rows:
        if not batch:
            continue
        found = await results.between(job, batch[0].number, batch[-1].number)
        # Opening and quoting hundreds of rows would hold up everything else in this process.
        waiting += await asyncio.to_thread(_render, batch, found, seal, blanks)
        while len(waiting) >= PIECE_BYTES:
            yield bytes(waiting[:PIECE_BYTES])
            del waiting[:PIECE_BYTES]
    if waiting:
        yield bytes(waiting)


def _render(batch: Rows, found: Iterable[StoredRow], seal: JobSeal, blanks: tuple[str, ...]) -> bytes:
    outputs = {
        row.row: seal.open_row(row.row, row.payload).outputs for row in found if row.state == SUCCEEDED
    }
    return _lines([(*row.cells, *outputs.get(row.number, blanks)) for row in batch])


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
