"""The result file: the rows as they were, and the columns of the templates, in the format that is wanted."""

from bisect import bisect_left
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import closing
from functools import partial
from typing import Protocol

from services.common.aside import aside, go_on
from services.processor.answers import flags
from services.processor.jobs.plan import Snapshot
from services.processor.jobs.row_result import SUCCEEDED, ReadsResults, StoredRow, in_pieces
from services.processor.jobs.seal import JobSeal, RowPayload
from services.processor.outside import Row
from services.processor.results import workbook
from services.processor.results.csv_lines import CsvLines
from services.processor.results.form import Form, Format
from services.processor.results.json_lines import JsonLines
from services.processor.results.workbook import Workbook

PIECE_BYTES = 512 * 1024


class WritesTable(Protocol):
    """Writes a table in one format, piece by piece."""

    def begin(self, titles: Sequence[str]) -> bytes: ...
    def rows(self, rows: Iterable[Sequence[str]]) -> bytes: ...
    def end(self) -> bytes: ...
    def close(self) -> None: ...


def writer_of(form: Form, snapshot: Snapshot) -> WritesTable:
    """Return what writes a result file in a form."""
    match form.format:
        case Format.XLSX:
            return Workbook()
        case Format.JSONL:
            return JsonLines()
        case Format.CSV:
            return CsvLines(form.dialect(snapshot.dialect))


def check_size(form: Form, snapshot: Snapshot, *, rows: int) -> None:
    """Raise ResultTooLarge when the format cannot hold the result."""
    if form.format is Format.XLSX:
        columns = len(snapshot.columns) + len(snapshot.outputs) + len(_titles(snapshot, form))
        workbook.check_size(rows=rows, columns=columns)


async def pieces(
    job: str,
    snapshot: Snapshot,
    *,
    form: Form,
    chosen: Sequence[int] | None,
    rows: AsyncIterator[Sequence[Row]],
    results: ReadsResults,
    seal: JobSeal,
    account: str,
) -> AsyncIterator[bytes]:
    """Yield the file in pieces of at most 512 KiB; rows that failed or are not done have empty outputs.

    `chosen` are the numbers of the rows to include, in order; None means all. They are fixed beforehand, so
    that the file has exactly the announced number of rows, however far the job gets meanwhile.
    """
    writer = writer_of(form, snapshot)
    with closing(writer):
        titles = form.row(snapshot.columns, (*snapshot.outputs, *_titles(snapshot, form)))
        waiting = bytearray(await aside(lambda: writer.begin(titles), account=account))
        render = partial(_render, snapshot=snapshot, seal=seal, form=form, writer=writer)
        async for batch in rows:
            if chosen is not None:
                batch = [row for row in batch if _is_in(chosen, row.number)]
            if not batch:
                continue
            done = 0
            async for until, found in in_pieces(results, job, batch[0].number, batch[-1].number):
                part = [row for row in batch[done:] if row.number <= until]
                done += len(part)
                # Decrypting and quoting hundreds of rows would block the event loop.
                waiting += await aside(partial(render, part, found), account=account)
                while len(waiting) >= PIECE_BYTES:
                    yield bytes(waiting[:PIECE_BYTES])
                    del waiting[:PIECE_BYTES]
        waiting += await aside(writer.end, account=account)
        for first in range(0, len(waiting), PIECE_BYTES):
            yield bytes(waiting[first : first + PIECE_BYTES])


def _titles(snapshot: Snapshot, form: Form) -> list[str]:
    """Return the names of the extra columns, each made different from every other column's."""
    taken = {name.strip().casefold() for name in (*snapshot.columns, *snapshot.outputs)}
    titles = []
    for title in (title for name in form.columns for title in _titles_of(name, snapshot)):
        while title.casefold() in taken:
            title = f"smelt_{title}"
        titles.append(title)
    return titles


def _titles_of(name: str, snapshot: Snapshot) -> list[str]:
    if name != "raw":
        return [name]
    texts = (step.settings for step in snapshot.steps if not step.settings.json_schema)
    return [f"{settings.output_column} (raw)" for settings in texts]


def _is_in(numbers: Sequence[int], number: int) -> bool:
    index = bisect_left(numbers, number)
    return index < len(numbers) and numbers[index] == number


def _render(
    batch: Sequence[Row],
    found: Iterable[StoredRow],
    *,
    snapshot: Snapshot,
    seal: JobSeal,
    form: Form,
    writer: WritesTable,
) -> bytes:
    blanks = ("",) * len(snapshot.outputs)
    further_blanks = ("",) * len(_titles(snapshot, form))
    known: dict[int, tuple[str, ...]] = {}
    for row in found:
        go_on()
        payload = seal.open_row(row.row, row.payload)
        outputs = payload.outputs if row.state == SUCCEEDED else blanks
        further = {
            "confidence": [str(row.confidence)],
            "flags": [" ".join(flags.names(row.flags))],
            "error": [_error(row.reason, payload) if row.reason else ""],
            "raw": _raw(payload, outputs, snapshot) if "raw" in form.columns else [],
        }
        known[row.row] = (*outputs, *(cell for name in form.columns for cell in further[name]))
    nothing = (*blanks, *further_blanks)
    return writer.rows(form.row(row.cells, known.get(row.number, nothing)) for row in batch)


def _raw(payload: RowPayload, outputs: Sequence[str], snapshot: Snapshot) -> list[str]:
    """Return the raw answer of each step that answers with a text; it may be what was saved."""
    cells, place = [], 0
    for nth, step in enumerate(snapshot.steps):
        if not step.settings.json_schema:
            kept = payload.raw[nth] if outputs[place] and nth < len(payload.raw) else ""
            cells.append(kept or outputs[place])
        place += len(step.settings.columns)
    return cells


def _error(reason: str, payload: RowPayload) -> str:
    said = f" (the provider: {payload.said})" if payload.said else ""
    return f"{reason}: {payload.message}{said}"
