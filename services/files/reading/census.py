"""Checks and counts the rows of a file as they arrive, and records where every 500th begins."""

from collections.abc import Callable, Sequence
from typing import Protocol

from services.files.errors import (
    FileMalformed,
    FileNoColumns,
    FileNoDataRows,
    FileTooManyColumns,
    FileTooManyRows,
)
from services.files.reading.batch import Batch
from services.files.reading.text import Text

#: The index has the offset of every 500th row. More entries make the sealed index larger; with fewer, reading
#: one row means reading more rows before it. Stored indexes depend on the number.
INDEX_EVERY = 500
_MAX_NAME_BYTES = 1024
SPACE = " \t\r\n\v\f"


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
    ) -> None:
        self._width = width
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
            self._observer.observe_rows(columns)
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


def columns_of(head: Batch, text: Text, most: int) -> list[str]:
    """Return the column names in a header; raise the error about the first bad one."""
    header = [column[0] for column in head.rows.columns(2, 1)] if head.ends else []
    if not any(name.strip(SPACE) for name in header):
        raise FileNoColumns
    if len(header) > most:
        raise FileTooManyColumns(limit=str(most))
    seen: set[str] = set()
    for place, name in enumerate(header, start=1):
        bare = name.strip(SPACE)
        if not bare:
            raise FileMalformed(line="1", problem="a column has no name", column=str(place))
        if text.size(name) > _MAX_NAME_BYTES:
            raise FileMalformed(line="1", problem="a column name is too long", column=str(place))
        if bare in seen:
            shown = text.cell(bare)[:100]
            raise FileMalformed(line="1", problem="two columns have the same name", name=shown)
        seen.add(bare)
    return header
