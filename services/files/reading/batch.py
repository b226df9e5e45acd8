"""Rows that were read together, with the lines that each one came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Protocol

from services.common.errors import DomainError


class Rows(Protocol):
    """Rows by what they hold; an empty line is a row without cells."""

    def even(self, width: int) -> list[Sequence[str]] | None:
        """Return the cells of all rows by column, if each row is known to be so wide without counting."""
        ...

    def widths(self) -> list[int]:
        """Return how many cells each row has."""
        ...

    def columns(self, width: int, count: int) -> list[Sequence[str]]:
        """Return the cells of the first rows by column; each of these rows is as wide, or an empty line."""
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
        # Only in a file of one column an empty line is a row.
        rows = self.rows if width > 1 else (row or [""] for row in self.rows)
        return list(zip(*islice(rows, count), strict=True))


@dataclass(frozen=True, slots=True)
class PlainRows:
    """Rows of one line each, without a quote: a delimiter is the end of a cell wherever it stands.

    `text` is the lines, each with `line_end` after it.
    """

    text: str
    lines: list[str]
    line_end: str
    delimiter: str

    def even(self, width: int) -> list[Sequence[str]] | None:
        # The end of a line becomes a cell of its own. Where all of these stand right, no row is uneven.
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


@dataclass(frozen=True, slots=True)
class Batch:
    """The first k + 1 rows are made of the first `ends[k]` of the lines, each with `line_end` after it.

    `error` is what is wrong after these rows.
    """

    rows: Rows
    lines: list[str]
    ends: Sequence[int]
    first_line: int
    #: Nothing, when the lines hold their ends themselves.
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

    def _lines_before(self, row: int) -> int:
        return self.ends[row - 1] if row else 0
