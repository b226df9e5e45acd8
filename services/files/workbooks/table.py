"""A sheet's rows as the lines of a CSV: UTF-8, commas, LF, quotes where needed."""

import csv
import io
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


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of one sheet, from the first that has a value to the last; all are as wide as the widest."""

    #: The rows up to their last value, without line ends.
    lines: list[bytes]
    #: How many cells each of the lines has.
    widths: list[int]
    #: The first row's number in the sheet, from 1; 0 for a sheet without a value.
    first_row: int

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def width(self) -> int:
        """How many cells each row has."""
        return max(self.widths, default=0)

    def below(self, count: int) -> "Table":
        """Return the table without its first rows and the blank ones that then come first."""
        while count < len(self.lines) and not self.widths[count]:
            count += 1
        if not count or count >= len(self.lines):
            return Table(self.lines[count:], self.widths[count:], self.first_row + count)
        [header] = csv.reader(io.StringIO(self.lines[count].decode(), newline=""))
        lines = [_line(header, quoted=True), *self.lines[count + 1 :]]
        return Table(lines, self.widths[count:], self.first_row + count)

    def pieces(self) -> Iterator[bytes]:
        """Yield the CSV."""
        piece: list[bytes] = []
        size, full = 0, self.width
        for line, width in zip(self.lines, self.widths, strict=True):
            whole = line + b"," * (full - max(width, 1)) + b"\n"
            # In a table of one column, an empty line would be none.
            piece.append(b'""\n' if whole == b"\n" else whole)
            size += len(whole)
            if size >= _PIECE_BYTES:
                yield b"".join(piece)
                piece, size = [], 0
        yield b"".join(piece)

    def row_of_line(self, line: int) -> int:
        """Return the number in the sheet of the row that has this line of the CSV, both from 1."""
        for place, content in enumerate(self.lines):
            line -= 1 + content.count(b"\n")
            if line <= 0:
                return self.first_row + place
        return self.first_row + max(0, len(self.lines) - 1)


def table_of(rows: Iterable[Row], limits: TableLimits) -> Table:
    """Return the rows as a table; raise FileTooManyRows, FileTooLarge, FileMalformed."""
    lines: list[bytes] = []
    widths: list[int] = []
    first = size = 0
    for number, cells in rows:
        first = first or number
        if number - first > limits.max_rows + _ROWS_ABOVE:
            raise FileTooManyRows(limit=str(limits.max_rows))
        blank = number - first - len(lines)
        if blank:
            lines += [b""] * blank
            widths += [0] * blank
        line = _line(cells, quoted=not lines)
        _check(number, cells, line, limits)
        lines.append(line)
        widths.append(len(cells))
        size += len(line) + 1
        if size > limits.max_bytes:
            raise FileTooLarge(limit=str(limits.max_bytes))
    width = max(widths, default=0)
    if size + width * len(lines) - sum(widths) > limits.max_bytes:
        raise FileTooLarge(limit=str(limits.max_bytes))
    return Table(lines, widths, first)


def _check(number: int, cells: list[str], line: bytes, limits: TableLimits) -> None:
    if len(line) > limits.max_field_bytes:
        longest = max(len(cell.encode()) for cell in cells)
        for size, most, problem in (
            (longest, limits.max_field_bytes, "a cell is too long"),
            (len(line), limits.max_row_bytes, "the row is too long"),
        ):
            if size > most:
                raise FileMalformed(row=str(number), problem=problem, limit=str(most))


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
        self.lines = lines

    def write(self, line: str) -> None:
        self.lines.append(line)
