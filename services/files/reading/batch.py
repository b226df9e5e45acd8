"""Rows that were read together, with the lines that each row came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Protocol

from services.common.errors import DomainError


class Rows(Protocol):
    """The cells of some rows; an empty line is a row without cells."""

    def even(self, width: int) -> list[Sequence[str]] | None:
        """Return the cells of all rows by column; None unless each is known to have `width` cells."""
        ...

    def widths(self) -> list[int]:
        """Return how many cells each row has."""
        ...

    def columns(self, width: int, count: int) -> list[Sequence[str]]:
        """Return the cells of the first rows by column; each has `width` cells or is an empty line."""
        ...

    def head(self, count: int) -> "Rows":
        """Return the first rows."""
        ...


@dataclass(frozen=True, slots=True)
class QuotedRows:
    """Rows as the csv module reads them."""

    rows: list[list[str]]

    def even(self, width: int) -> list[Sequence[str]] | None:
        return None

    def widths(self) -> list[int]:
        return list(map(len, self.rows))

    def columns(self, width: int, count: int) -> list[Sequence[str]]:
        # An empty line is a row only in a file with one column.
        rows = self.rows if width > 1 else (row or [""] for row in self.rows)
        return list(zip(*islice(rows, count), strict=True))

    def head(self, count: int) -> "QuotedRows":
        return QuotedRows(self.rows[:count])


@dataclass(frozen=True, slots=True)
class PlainRows:
    """Rows of one line each, without a quote: every delimiter ends a cell.

    `text` is the lines, each with `line_end` after it.
    """

    text: str
    lines: list[str]
    line_end: str
    delimiter: str

    def even(self, width: int) -> list[Sequence[str]] | None:
        # Each line end becomes a cell of its own. If all of these are where they should be, every row fits.
        cells = self.text.replace(self.line_end, f"{self.delimiter}\n{self.delimiter}").split(self.delimiter)
        cells.pop()
        step = width + 1
        if len(cells) != len(self.lines) * step or cells[width::step].count("\n") != len(self.lines):
            return None
        return [cells[place::step] for place in range(width)]

    def widths(self) -> list[int]:
        return [found + 1 for found in map(str.count, self.lines, repeat(self.delimiter))]

    def columns(self, width: int, count: int) -> list[Sequence[str]]:
        cells = self.delimiter.join(self.lines[:count]).split(self.delimiter)
        return [cells[place::width] for place in range(width)]

    def head(self, count: int) -> "PlainRows":
        lines = self.lines[:count]
        return PlainRows(self.line_end.join([*lines, ""]), lines, self.line_end, self.delimiter)


@dataclass(frozen=True, slots=True)
class Batch:
    """The first k + 1 rows are made of the first `ends[k]` of the lines, each with `line_end` after it.

    `error` is what is wrong with the row after these.
    """

    rows: Rows
    lines: list[str]
    ends: Sequence[int]
    first_line: int
    #: Empty when the lines include their ends.
    line_end: str = ""
    error: DomainError | None = None

    def __len__(self) -> int:
        return len(self.ends)

    def line(self, row: int) -> int:
        """Return the number of the line on which a row begins, from 1."""
        return self.first_line + self._lines_before(row)

    def text(self, first: int, last: int) -> str:
        """Return the text of the rows [first, last), line ends included."""
        lines = self.lines[self._lines_before(first) : self._lines_before(last)]
        return self.line_end.join([*lines, ""])

    def head(self, count: int) -> "Batch":
        """Return a batch of the first rows."""
        lines = self.lines[: self._lines_before(count)]
        return Batch(self.rows.head(count), lines, self.ends[:count], self.first_line, self.line_end)

    def _lines_before(self, row: int) -> int:
        return self.ends[row - 1] if row else 0
