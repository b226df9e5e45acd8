"""The result file: the rows as they were, and the columns of the templates, as CSV (RFC 4180) in UTF-8."""

import csv
import io
import re
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from services.common.aside import aside, go_on
from services.processor.answers import flags
from services.processor.jobs.plan import Snapshot
from services.processor.jobs.row_result import SUCCEEDED, ReadsResults, StoredRow, in_pieces
from services.processor.jobs.seal import JobSeal, RowPayload
from services.processor.outside import Row
from services.processor.results.formulas import as_text

PIECE_BYTES = 512 * 1024
#: Columns that can be requested in addition to the outputs, in the order in which they appear.
EXTRA_COLUMNS = ("confidence", "flags", "error")
#: The csv module looks at each character by itself and holds the interpreter's lock meanwhile: a megabyte
#: takes it 20 ms or more. Longer rows than this many characters are quoted here.
_LONG_ROW = 64 * 1024
_SPECIAL = re.compile(r'[",\r\n]')
_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Form:
    """What a result file holds: rows in one state (None for all), extra columns, a byte order mark.

    New cells that a spreadsheet would run as formulas are made text unless the file is `raw`. The file's own
    cells stay as they were uploaded unless `neutral_columns` asks for the same there.
    """

    rows: int | None = None
    columns: tuple[str, ...] = ()
    byte_order_mark: bool = False
    raw: bool = False
    neutral_columns: bool = False

    def row(self, own: Iterable[str], new: Iterable[str]) -> list[str]:
        """Return a row of the file's own cells and the new ones."""
        own = map(as_text, own) if self.neutral_columns else own
        return [*own, *(new if self.raw else map(as_text, new))]


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
    waiting = bytearray(_MARK if form.byte_order_mark else b"")
    waiting += lines([form.row(snapshot.columns, (*snapshot.outputs, *_titles(snapshot, form)))])
    blanks = ("",) * len(snapshot.outputs)
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
            render = partial(_render, part, found, seal=seal, blanks=blanks, form=form)
            waiting += await aside(render, account=account)
            while len(waiting) >= PIECE_BYTES:
                yield bytes(waiting[:PIECE_BYTES])
                del waiting[:PIECE_BYTES]
    if waiting:
        yield bytes(waiting)


def _titles(snapshot: Snapshot, form: Form) -> list[str]:
    """Return the names of the extra columns, each made different from every other column's."""
    taken = {name.strip().casefold() for name in (*snapshot.columns, *snapshot.outputs)}
    titles = []
    for name in form.columns:
        title = name
        while title in taken:
            title = f"smelt_{title}"
        titles.append(title)
    return titles


def _is_in(numbers: Sequence[int], number: int) -> bool:
    index = bisect_left(numbers, number)
    return index < len(numbers) and numbers[index] == number


def _render(
    batch: Sequence[Row], found: Iterable[StoredRow], *, seal: JobSeal, blanks: tuple[str, ...], form: Form
) -> bytes:
    known: dict[int, tuple[str, ...]] = {}
    for row in found:
        go_on()
        payload = seal.open_row(row.row, row.payload)
        outputs = payload.outputs if row.state == SUCCEEDED else blanks
        further = {
            "confidence": str(row.confidence),
            "flags": " ".join(flags.names(row.flags)),
            "error": _error(row.reason, payload) if row.reason else "",
        }
        known[row.row] = (*outputs, *(further[name] for name in form.columns))
    nothing = (*blanks, *("" for _ in form.columns))
    return lines(form.row(row.cells, known.get(row.number, nothing)) for row in batch)


def _error(reason: str, payload: RowPayload) -> str:
    said = f" (the provider: {payload.said})" if payload.said else ""
    return f"{reason}: {payload.message}{said}"


def _quoted(cell: str) -> str:
    """Return a cell as the csv module writes it."""
    if not _SPECIAL.search(cell):
        return cell
    return '"' + cell.replace('"', '""') + '"'


def lines(rows: Iterable[Sequence[str]]) -> bytes:
    """Return rows as lines of CSV, as the csv module writes them."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for row in rows:
        go_on()
        if sum(map(len, row)) > _LONG_ROW:
            text.write(",".join(map(_quoted, row)) + "\r\n")
        else:
            writer.writerow(row)
    return text.getvalue().encode()
