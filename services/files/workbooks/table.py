"""A sheet's rows as the lines of a CSV: UTF-8, commas, LF, quotes where needed."""

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.files.errors import FileMalformed, FileTooLarge, FileTooManyRows
from services.files.workbooks.exact_rows import Row

#: Rows above the header that may be left out of the count: whether they are data is not decided here.
_ROWS_ABOVE = 1000
_NEEDS_QUOTES = re.compile('["\r\n]')
_PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class TableLimits:
    """The most data rows, and the most bytes: of the whole CSV, of a row and of a cell."""

    max_rows: int
    max_bytes: int
    max_row_bytes: int
    max_field_bytes: int


class Table:
    """The rows of one sheet, from the first that has a value to the last; all are as wide as the widest."""

    def __init__(self, rows: Iterable[Row], limits: TableLimits) -> None:
        """Take the rows; raise FileTooManyRows, FileTooLarge, FileMalformed."""
        self._limits = limits
        self._lines: list[bytes] = []
        self._widths: list[int] = []
        self._size = 0
        #: The first row's number in the sheet, from 1; 0 for a sheet without a value.
        self.first_row = 0
        for number, cells in rows:
            self._add(number, cells)
        self.width = max(self._widths, default=0)
        if self._size + self.width * len(self._lines) > limits.max_bytes:
            self._refuse_exactly()

    def __len__(self) -> int:
        return len(self._lines)

    def pieces(self) -> Iterator[bytes]:
        """Yield the CSV."""
        piece: list[bytes] = []
        size = 0
        for line, width in zip(self._lines, self._widths, strict=True):
            whole = line + b"," * (self.width - max(width, 1)) + b"\n"
            # In a table of one column, an empty line would be none.
            piece.append(b'""\n' if whole == b"\n" else whole)
            size += len(whole)
            if size >= _PIECE_BYTES:
                yield b"".join(piece)
                piece, size = [], 0
        yield b"".join(piece)

    def row_of_line(self, line: int) -> int:
        """Return the number in the sheet of the row that has this line of the CSV, both from 1."""
        for place, content in enumerate(self._lines):
            line -= 1 + content.count(b"\n")
            if line <= 0:
                return self.first_row + place
        return self.first_row + max(0, len(self._lines) - 1)

    def _add(self, number: int, cells: list[str]) -> None:
        limits = self._limits
        if not self.first_row:
            self.first_row = number
        if number - self.first_row > limits.max_rows + _ROWS_ABOVE:
            raise FileTooManyRows(limit=str(limits.max_rows))
        blank = number - self.first_row - len(self._lines)
        if blank:
            self._lines += [b""] * blank
            self._widths += [0] * blank
        line = _line(cells, quoted=not self._lines)
        if len(line) > limits.max_field_bytes and any(
            len(cell.encode()) > limits.max_field_bytes for cell in cells
        ):
            limit = str(limits.max_field_bytes)
            raise FileMalformed(row=str(number), problem="a cell is too long", limit=limit)
        if len(line) > limits.max_row_bytes:
            limit = str(limits.max_row_bytes)
            raise FileMalformed(row=str(number), problem="the row is too long", limit=limit)
        self._lines.append(line)
        self._widths.append(len(cells))
        self._size += len(line) + 1
        if self._size > limits.max_bytes:
            raise FileTooLarge(limit=str(limits.max_bytes))

    def _refuse_exactly(self) -> None:
        padding = sum(self.width - width for width in self._widths)
        if self._size + padding > self._limits.max_bytes:
            raise FileTooLarge(limit=str(self._limits.max_bytes))


def _line(cells: list[str], *, quoted: bool) -> bytes:
    """Return a row without its line end.

    The first row is quoted throughout, so that nothing in it looks like the begin of another format. So is a
    row with a CR, which ends a line in a CSV and is not quoted for it by the csv module.
    """
    line = ",".join(cells)
    if not quoted and line.count(",") == len(cells) - 1 and _NEEDS_QUOTES.search(line) is None:
        return line.encode()
    lines: list[str] = []
    whole = quoted or "\r" in line
    csv.writer(
        _Sink(lines), quoting=csv.QUOTE_ALL if whole else csv.QUOTE_MINIMAL, lineterminator="\n"
    ).writerow(cells)
    return lines[0].removesuffix("\n").encode()


class _Sink:
    """Takes each row as one text."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines

    def write(self, line: str) -> None:
        self._lines.append(line)
