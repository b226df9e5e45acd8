"""Reading CSV strictly: one pass over an upload that counts and indexes it, and rows back out of a part.

Row 1 names the columns. Every row has as many cells as the header; nothing is repaired. Empty lines at
the very end are no rows; elsewhere an empty line is a row with one empty cell, so that it is right only
in a file of one column. A quote inside a cell that does not begin with one is text.
"""

import codecs
import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from services.files.csv_format import SAMPLE_BYTES, Text, Told, delimiter_of, text_of
from services.files.csv_lines import Lines
from services.files.errors import (
    FileMalformed,
    FileNoColumns,
    FileNoDataRows,
    FileTooManyColumns,
    FileTooManyRows,
)

#: Every so many rows the index knows where a row begins.
INDEX_EVERY = 500
_MAX_NAME_BYTES = 1024
_NO_LIMIT = 2**62
_SPACE = " \t\r\n\v\f"

# The library's own limit is for the whole process and per character; ours are checked below.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may hold; bytes are those of the upload."""

    max_columns: int
    max_rows: int
    max_field_bytes: int
    max_row_bytes: int


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file's bytes are to be read."""

    encoding: str
    delimiter: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one pass found out; `index[k]` is the byte in the upload at which data row `500 k + 1` begins."""

    dialect: Dialect
    columns: tuple[str, ...]
    row_count: int
    index: tuple[int, ...]


def parse(pieces: Iterable[bytes], limits: Limits, told: Told = Told()) -> Parsed:  # noqa: B008  frozen
    """Read a whole upload; draws every piece, unless it raises what is wrong with the file."""
    source = iter(pieces)
    sample, whole = _sample(source)
    text = text_of(sample, told.encoding)
    first = text.decode(sample[text.mark :], final=whole)
    delimiter = told.delimiter or delimiter_of(first, whole=whole)
    lines = Lines(
        chain([first], _decoded(text, source, whole=whole)),
        size=text.size,
        offset=text.mark,
        max_row_bytes=limits.max_row_bytes,
        delimiter=delimiter,
    )
    census = _Census(lines, text, limits)
    try:
        census.take(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        unclosed = "end of data" in str(error)
        raise lines.malformed("a quote is not closed" if unclosed else "text after a closing quote") from None
    columns = tuple(text.cell(name) for name in census.header)
    return Parsed(Dialect(text.encoding, delimiter), columns, census.count, tuple(census.index))


def rows(pieces: Iterable[bytes], dialect: Dialect) -> Iterator[list[str]]:
    """Yield the rows of a part of a file that was parsed before; the part begins where a row begins."""
    decoder = codecs.getincrementaldecoder(dialect.encoding)("strict")
    text = chain((decoder.decode(piece) for piece in pieces), [decoder.decode(b"", True)])
    lines = Lines(text, size=len, max_row_bytes=_NO_LIMIT, delimiter=dialect.delimiter)
    for row in csv.reader(lines, delimiter=dialect.delimiter, strict=True):
        lines.next_row()
        yield row or [""]


def _sample(source: Iterator[bytes]) -> tuple[bytes, bool]:
    """Return the beginning of a file, and whether that is all of it."""
    sample = bytearray()
    for piece in source:
        sample += piece
        if len(sample) >= SAMPLE_BYTES:
            return bytes(sample), False
    return bytes(sample), True


def _decoded(text: Text, source: Iterator[bytes], *, whole: bool) -> Iterator[str]:
    for piece in source:
        yield text.decode(piece)
    if not whole:
        yield text.decode(b"", final=True)


class _Census:
    """Checks and counts rows as they come."""

    def __init__(self, lines: Lines, text: Text, limits: Limits) -> None:
        self._lines = lines
        self._text = text
        self._limits = limits
        self.header: list[str] = []
        self.count = 0
        self.index: list[int] = []
        # Empty lines are rows only if a row follows, so they wait with their places in the index.
        self._empty = 0
        self._first_empty = 0
        self._empty_index: list[int] = []

    def take(self, reader: Iterator[list[str]]) -> None:
        """Draw all rows; raise what is wrong with the first bad one."""
        self._take_header(reader)
        self._end_row()
        self.index.append(self._lines.offset)
        start = self._lines.offset
        for row in reader:
            if row:
                self._take_row(row, self._lines.offset - start)
            else:
                self._take_empty()
            self._end_row()
            start = self._lines.offset
        if not self.count:
            raise FileNoDataRows

    def _end_row(self) -> None:
        self._lines.next_row()

    def _take_row(self, row: list[str], length: int) -> None:
        if self._empty:
            self._settle_empty()
        if len(row) != len(self.header):
            raise FileMalformed(
                line=str(self._lines.first_line),
                problem="a row has not as many cells as the header",
                expected=str(len(self.header)),
                found=str(len(row)),
            )
        largest = self._limits.max_field_bytes
        if length > largest and any(self._text.size(cell) > largest for cell in row):
            raise FileMalformed(line=str(self._lines.first_line), problem="a cell is too long")
        self.count += 1
        if self.count > self._limits.max_rows:
            raise FileTooManyRows(limit=str(self._limits.max_rows))
        if self.count % INDEX_EVERY == 0:
            self.index.append(self._lines.offset)

    def _take_empty(self) -> None:
        self._empty += 1
        if self._empty == 1:
            self._first_empty = self._lines.number
        if self._empty > self._limits.max_rows:
            raise FileTooManyRows(limit=str(self._limits.max_rows))
        if (self.count + self._empty) % INDEX_EVERY == 0:
            self._empty_index.append(self._lines.offset)

    def _settle_empty(self) -> None:
        if len(self.header) > 1:
            raise FileMalformed(line=str(self._first_empty), problem="an empty line between rows")
        self.count += self._empty
        self._empty = 0
        self.index += self._empty_index
        self._empty_index.clear()

    def _take_header(self, reader: Iterator[list[str]]) -> None:
        header = next(reader, [])
        if not any(name.strip(_SPACE) for name in header):
            raise FileNoColumns
        if len(header) > self._limits.max_columns:
            raise FileTooManyColumns(limit=str(self._limits.max_columns))
        seen: set[str] = set()
        for place, name in enumerate(header, start=1):
            bare = name.strip(_SPACE)
            if not bare:
                raise FileMalformed(line="1", problem="a column has no name", column=str(place))
            if self._text.size(name) > _MAX_NAME_BYTES:
                raise FileMalformed(line="1", problem="a column's name is too long", column=str(place))
            if bare in seen:
                shown = self._text.cell(bare)[:100]
                raise FileMalformed(line="1", problem="two columns have the same name", name=shown)
            seen.add(bare)
        self.header = header
