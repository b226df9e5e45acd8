"""Reading CSV strictly: one pass counts, indexes and profiles an upload; rows are read back from parts.

The first row names the columns. Every row must have as many cells as the header; nothing is repaired. Empty
lines at the very end are not rows. Elsewhere an empty line is a row with one empty cell, so it is allowed
only in a file with one column. A quote inside a cell that does not begin with a quote is text.
"""

import codecs
import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from services.files.errors import FileNoColumns, FileNoDataRows
from services.files.profiling.profile import Profile, Profiler
from services.files.reading.batches import Batches, Sizes, blocks, split
from services.files.reading.census import INDEX_EVERY, Census
from services.files.reading.dialect import Dialect, RequestedFormat, line_end_of, separator_of
from services.files.reading.encodings import CODECS
from services.files.reading.format import SAMPLE_BYTES, beginning_of
from services.files.reading.header import header_of
from services.files.reading.tail import without_last
from services.files.reading.text import Text, text_of

__all__ = ["INDEX_EVERY", "Dialect", "Limits", "Parsed", "parse", "rows"]

_NO_LIMIT = 2**62
_DETECT = RequestedFormat()
_SPACE = " \t\r\n\v\f"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a file, in bytes of the upload."""

    max_columns: int
    max_rows: int
    max_field_bytes: int
    max_row_bytes: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """The result of one pass; `index[k]` is the byte of the upload at which data row `500 k + 1` begins."""

    dialect: Dialect
    columns: tuple[str, ...]
    row_count: int
    index: tuple[int, ...]
    profile: Profile
    #: The first line that shows a guessed encoding; empty when nothing was guessed.
    sample_line: str = ""


def parse(pieces: Iterable[bytes], limits: Limits, requested: RequestedFormat = _DETECT) -> Parsed:
    """Read a whole upload to its last piece, or raise the first error in it."""
    source = iter(pieces)
    sample, whole = _sample(source)
    text = text_of(sample, requested.encoding)
    begun = beginning_of(text.decode(sample[text.mark :], final=whole), requested, whole=whole)
    sizes = Sizes(text.size, limits.max_field_bytes, limits.max_row_bytes, text.widest)
    rest = _decoded(text, source, whole=whole)
    if not begun.text.strip(_SPACE):
        # A blank line names no column, so the rest only says which of two things is wrong.
        raise FileNoColumns if any(piece.strip(_SPACE) for piece in rest) else FileNoDataRows
    batches = Batches(
        chain([begun.text], rest),
        sizes,
        delimiter=separator_of(begun.delimiter),
        row_end=begun.row_end,
        first_line=begun.lines_before + 1,
    )
    head = batches.first()
    header = header_of(head, text, limits.max_columns, duplicate_names=requested.duplicate_names)
    if not header.names:
        raise FileNoColumns if any(any(batch.rows.widths()) for batch in batches) else FileNoDataRows
    head_text = head.text(0, 1)
    with Profiler(header.names) as profiler:
        census = Census(
            header.width,
            profiler,
            max_rows=limits.max_rows,
            size=text.size,
            offset=text.mark + text.size(begun.before) + text.size(head_text),
            unnamed=header.unnamed,
        )
        for batch in without_last(batches, requested.skip_last_rows):
            census.count_batch(batch)
        count, index = census.result()
        profile = profiler.result(text.cell, row_count=count)
    dialect = Dialect(
        text.encoding,
        begun.delimiter,
        line_end=line_end_of(head_text) if begun.row_end or not head_text.endswith("\r\r\n") else "crlf",
        byte_order_mark=text.mark > 0,
        quoting=begun.quoting,
        separator_line=begun.separator_line,
        omitted=header.unnamed,
        skip_rows=requested.skip_rows,
        skip_last_rows=requested.skip_last_rows,
        duplicate_names=requested.duplicate_names,
        encoding_guessed=text.guessed,
    )
    columns = tuple(map(text.cell, header.names))
    return Parsed(dialect, columns, count, index, profile, text.sample_line)


def rows(pieces: Iterable[bytes], dialect: Dialect) -> Iterator[list[str]]:
    """Yield the rows of a part of a parsed file; the part must begin where a row begins."""
    decoder = codecs.getincrementaldecoder(CODECS[dialect.encoding])("strict")
    text = chain((decoder.decode(piece) for piece in pieces), [decoder.decode(b"", True)])
    whole_lines = blocks(text, _NO_LIMIT, dialect.row_end)
    lines = chain.from_iterable(split(block, dialect.row_end) for block in whole_lines)
    for row in csv.reader(lines, delimiter=dialect.separator, strict=True):
        if dialect.omitted:
            yield [cell for place, cell in enumerate(row, start=1) if place not in dialect.omitted]
        else:
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
