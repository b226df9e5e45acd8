"""Checks and counts the rows of a file as they arrive, and records where every 500th begins."""

from collections.abc import Callable, Sequence
from typing import Protocol

from services.files.errors import FileMalformed, FileNoDataRows, FileTooManyRows
from services.files.profiling.profile import is_blank
from services.files.reading.batch import Batch

#: The index has the offset of every 500th row. More entries make the sealed index larger; with fewer, reading
#: one row means reading more rows before it. Stored indexes depend on the number.
INDEX_EVERY = 500


class RowObserver(Protocol):
    """Observes the cells of counted rows, by column."""

    def observe_rows(self, columns: Sequence[Sequence[str]]) -> None: ...


class Census:
    """Counts rows that must all have the same width."""

    def __init__(
        self,
        width: int,
        observer: RowObserver,
        *,
        max_rows: int,
        size: Callable[[str], int],
        offset: int,
        unnamed: Sequence[int] = (),
    ) -> None:
        """`unnamed` are the places, from 1, of columns that are left out and must not have a value."""
        self._width = width
        self._unnamed = [place - 1 for place in unnamed]
        self._observer = observer
        self._max_rows = max_rows
        self._size = size
        self._offset = offset
        self._count = 0
        self._index = [offset]
        # An empty line is a row only if a row follows, so empty lines and their index entries wait until
        # then.
        self._empty = 0
        self._first_empty = 0
        self._empty_index: list[int] = []

    def count_batch(self, batch: Batch) -> None:
        """Count the rows of a batch; raise the error about the first bad one."""
        columns = batch.rows.even(self._width)
        widths = batch.rows.widths() if columns is None else []
        rows = len(batch)
        while columns is None and rows and not widths[rows - 1]:
            rows -= 1
        if rows:
            self._settle_empty()
            self._check(batch, widths[:rows])
        if self._count + rows > self._max_rows:
            raise FileTooManyRows(limit=str(self._max_rows))
        self._note(batch, rows)
        if rows:
            if columns is None:
                columns = batch.rows.columns(self._width, rows)
            self._observer.observe_rows(self._named(columns, batch) if self._unnamed else columns)
            self._count += rows
        if rows < len(batch) and not self._empty:
            self._first_empty = batch.line(rows)
        self._empty += len(batch) - rows
        if self._empty > self._max_rows:
            raise FileTooManyRows(limit=str(self._max_rows))

    def result(self) -> tuple[int, tuple[int, ...]]:
        """Return the number of rows and where every 500th begins; raise FileNoDataRows without any."""
        if not self._count:
            raise FileNoDataRows
        return self._count, tuple(self._index)

    def _check(self, batch: Batch, widths: Sequence[int]) -> None:
        if widths.count(self._width) == len(widths):
            return
        for place, width in enumerate(widths):
            if width == self._width or (not width and self._width == 1):
                continue
            if self._count + place >= self._max_rows:
                raise FileTooManyRows(limit=str(self._max_rows))
            line = str(batch.line(place))
            if not width:
                raise FileMalformed(line=line, problem="the line is empty, but rows follow")
            raise FileMalformed(
                line=line,
                problem="the row has more or fewer cells than the header",
                expected=str(self._width),
                found=str(width),
            )

    def _named(self, columns: Sequence[Sequence[str]], batch: Batch) -> Sequence[Sequence[str]]:
        """Return the columns with a name; raise the error about the first value in another one."""
        faults = [
            (row, place)
            for place in self._unnamed
            for row in [next((at for at, cell in enumerate(columns[place]) if not is_blank(cell)), None)]
            if row is not None
        ]
        if faults:
            row, place = min(faults)
            raise FileMalformed(
                line=str(batch.line(row)),
                problem="a column has values but no name",
                column=str(place + 1),
            )
        return [cells for place, cells in enumerate(columns) if place not in self._unnamed]

    def _note(self, batch: Batch, rows: int) -> None:
        """Record where rows begin: the first `rows` in the index, the empty lines after them for later."""
        done = self._count + self._empty
        at, place = 0, INDEX_EVERY - done % INDEX_EVERY
        while place <= len(batch):
            self._offset += self._size(batch.text(at, place))
            (self._index if place <= rows else self._empty_index).append(self._offset)
            at, place = place, place + INDEX_EVERY
        self._offset += self._size(batch.text(at, len(batch)))

    def _settle_empty(self) -> None:
        if not self._empty:
            return
        if self._width > 1:
            raise FileMalformed(line=str(self._first_empty), problem="the line is empty, but rows follow")
        self._observer.observe_rows([[""] * self._empty])
        self._count += self._empty
        self._empty = 0
        self._index += self._empty_index
        self._empty_index.clear()
