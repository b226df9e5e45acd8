"""Reading CSV strictly: one pass counts, indexes and profiles an upload; rows are read back from parts.

Row 1 names the columns. Every row must have as many cells as the header; nothing is repaired. Empty lines at
the very end are not rows. Elsewhere an empty line is a row with one empty cell, so it is allowed only in a
file with one column. A quote inside a cell that does not begin with a quote is text.
"""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from services.files.errors import FileNoColumns, FileNoDataRows
from services.files.profiling.profile import Profile, Profiler
from services.files.reading.batches import Batches, Sizes, blocks, split
from services.files.reading.census import INDEX_EVERY, SPACE, Census, columns_of
from services.files.reading.format import SAMPLE_BYTES, RequestedFormat, delimiter_of
from services.files.reading.text import Text, text_of

__all__ = ["INDEX_EVERY", "Dialect", "Limits", "Parsed", "parse", "rows"]

_NO_LIMIT = 2**62
_DETECT = RequestedFormat()
# By this line some programs are told the delimiter; by itself it is no data.
_SEPARATOR_LINE = re.compile(r"\s*\"?sep=[^\r\n]?\"?[ \t]*(?=[\r\n]|\Z)", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a file, in bytes of the upload."""

    max_columns: int
    max_rows: int
    max_field_bytes: int
    max_row_bytes: int


@dataclass(frozen=True, slots=True)
class Dialect:
    """The encoding and delimiter by which a file is read."""

    encoding: str
    delimiter: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """The result of one pass; `index[k]` is the byte of the upload at which data row `500 k + 1` begins."""

    dialect: Dialect
    columns: tuple[str, ...]
    row_count: int
    index: tuple[int, ...]
    profile: Profile


def parse(pieces: Iterable[bytes], limits: Limits, requested: RequestedFormat = _DETECT) -> Parsed:
    """Read a whole upload to its last piece, or raise the first error in it."""
    source = iter(pieces)
    sample, whole = _sample(source)
    text = text_of(sample, requested.encoding)
    first = text.decode(sample[text.mark :], final=whole)
    delimiter = requested.delimiter or delimiter_of(first, whole=whole)
    sizes = Sizes(text.size, limits.max_field_bytes, limits.max_row_bytes, text.widest)
    rest = _decoded(text, source, whole=whole)
    told = _SEPARATOR_LINE.match(first)
    if not first[told.end() if told else 0 :].strip(SPACE):
        # A blank line names no column, so the rest only says which of two things is wrong.
        raise FileNoColumns if any(piece.strip(SPACE) for piece in rest) else FileNoDataRows
    batches = Batches(chain([first], rest), sizes, delimiter=delimiter)
    head = batches.first()
    header = columns_of(head, text, limits.max_columns)
    with Profiler(header) as profiler:
        census = Census(
            len(header),
            profiler,
            max_rows=limits.max_rows,
            size=text.size,
            offset=text.mark + text.size(head.text(0, 1)),
        )
        for batch in batches:
            census.count_batch(batch)
        count, index = census.result()
        profile = profiler.result(text.cell, row_count=count)
    columns = tuple(text.cell(name) for name in header)
    return Parsed(Dialect(text.encoding, delimiter), columns, count, index, profile)


def rows(pieces: Iterable[bytes], dialect: Dialect) -> Iterator[list[str]]:
    """Yield the rows of a part of a parsed file; the part must begin where a row begins."""
    decoder = codecs.getincrementaldecoder(dialect.encoding)("strict")
    text = chain((decoder.decode(piece) for piece in pieces), [decoder.decode(b"", True)])
    lines = chain.from_iterable(map(split, blocks(text, _NO_LIMIT)))
    for row in csv.reader(lines, delimiter=dialect.delimiter, strict=True):
        yield row or [""]


def _sample(source: Iterator[bytes]) -> tuple[bytes, bool]:
    """Return the beginning of a file, and whether it is the whole file."""
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
