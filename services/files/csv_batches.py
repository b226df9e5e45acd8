"""Rows of a CSV whose text arrives in pieces: many at a time, with the lines that each one came from."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat

from services.common.errors import DomainError
from services.files.csv_faults import faulty_line
from services.files.errors import FileInvalidFormat, FileMalformed

#: Text is looked at in blocks of whole lines of about so many characters.
BLOCK = 128 * 1024

# The library's own limit is for the whole process and per character; ours are checked below.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large a cell and a row may be in bytes of the file, and how to measure a text in them."""

    of: Callable[[str], int]
    max_field_bytes: int
    max_row_bytes: int
    #: No character is more bytes than this.
    widest: int = 4


@dataclass(slots=True)
class Batch:
    """Rows that were read together; an empty line is a row without cells.

    The first k + 1 rows are made of the first `ends[k]` of the lines. `error` is what is wrong after them.
    """

    lines: list[str]
    ends: Sequence[int]
    first_line: int
    error: DomainError | None = None

    def __len__(self) -> int:
        return len(self.ends)

    def line(self, row: int) -> int:
        """Return the number of the line on which a row begins, from 1."""
        return self.first_line + (self.ends[row - 1] if row else 0)

    def text(self, first: int, last: int) -> str:
        """Return the text of the rows [first, last), line ends included."""
        return "".join(self.lines[self.ends[first - 1] if first else 0 : self.ends[last - 1] if last else 0])

    def widths(self) -> list[int]:
        """Return how many cells each row has."""
        raise NotImplementedError

    def columns(self, width: int, count: int) -> list[Sequence[str]]:
        """Return the cells of the first rows by column; each of these rows is as wide, or an empty line."""
        raise NotImplementedError


@dataclass(slots=True)
class QuotedBatch(Batch):
    """Rows as the csv module reads them."""

    rows: list[list[str]] = field(default_factory=list)

    def widths(self) -> list[int]:
        return list(map(len, self.rows))

    def columns(self, width: int, count: int) -> list[Sequence[str]]:
        # Only in a file of one column an empty line is a row.
        rows = self.rows if width > 1 else (row or [""] for row in self.rows)
        return list(zip(*[row for row, _ in zip(rows, range(count), strict=False)], strict=True))


@dataclass(slots=True)
class PlainBatch(Batch):
    """Rows of one line each, without a quote: a delimiter is the end of a cell wherever it stands."""

    delimiter: str = ","
    end: str = "\n"

    def text(self, first: int, last: int) -> str:
        return self.end.join([*self.lines[first:last], ""])

    def widths(self) -> list[int]:
        return [found + 1 for found in map(str.count, self.lines, repeat(self.delimiter))]

    def columns(self, width: int, count: int) -> list[Sequence[str]]:
        cells = self.delimiter.join(self.lines[:count]).split(self.delimiter)
        return [cells[place::width] for place in range(width)]


class Batches:
    """Draws rows from text, exactly as they stand; raises FileMalformed for a quote that does not fit.

    Most files have no quote in most places. There, rows are lines, and cells are what is between delimiters:
    four times as fast as the csv module, which reads the rest.
    """

    def __init__(self, pieces: Iterable[str], sizes: Sizes, *, delimiter: str) -> None:
        self._blocks = blocks(pieces, sizes.max_row_bytes)
        self._sizes = sizes
        self._delimiter = delimiter
        self._ahead = ""
        self._line = 1

    def first(self) -> Batch:
        """Return the first row alone; there is none in an empty text."""
        batch = self._quoted(self._draw(self._line), most=1)
        behind = batch.ends[-1] if batch.ends else len(batch.lines)
        self._ahead = "".join(batch.lines[behind:]) + self._ahead
        self._line += behind
        if batch.error is not None:
            raise batch.error
        return batch

    def __iter__(self) -> Iterator[Batch]:
        while block := self._draw(self._line):
            batch = self._plain(block) or self._quoted(block)
            self._line += len(batch.lines)
            yield batch
            if batch.error is not None:
                raise batch.error

    def _draw(self, line: int) -> str:
        """Return whole lines, of which the first has this number; an empty text at the end."""
        try:
            block = self._ahead or next(self._blocks, "")
        except LineTooLong:
            raise FileMalformed(line=str(line), problem="a line is too long") from None
        self._ahead = ""
        nul = block.find("\0")
        if nul < 0:
            return block
        begin = max(block.rfind("\n", 0, nul), block.rfind("\r", 0, nul)) + 1
        if begin:
            # What stands before it may be wrong too, and then that is told.
            self._ahead = block[begin:]
            return block[:begin]
        # NULs from the first line on are a binary file rather than a slip in a CSV.
        if line == 1:
            raise FileInvalidFormat
        raise FileMalformed(line=str(line), problem="a NUL character")

    def _plain(self, block: str) -> PlainBatch | None:
        if '"' in block:
            return None
        end = "\n"
        if returns := block.count("\r"):
            if not returns == block.count("\r\n") == block.count("\n"):
                return None
            end = "\r\n"
        lines = block.split(end)
        if lines.pop() or not all(lines) or self._may_be_large(lines):
            return None
        ends = range(1, len(lines) + 1)
        return PlainBatch(lines, ends, self._line, delimiter=self._delimiter, end=end)

    def _quoted(self, block: str, *, most: int = 2**62) -> QuotedBatch:
        reading = _Reading(split(block), self._sizes, delimiter=self._delimiter, first_line=self._line)
        return reading.read(lambda lines: self._draw(self._line + lines), most)

    def _may_be_large(self, lines: list[str]) -> bool:
        longest = max(map(len, lines), default=0) * self._sizes.widest
        return longest > min(self._sizes.max_field_bytes, self._sizes.max_row_bytes)


class _Reading:
    """The csv module over some lines, and over more of them while a row goes on."""

    def __init__(self, lines: list[str], sizes: Sizes, *, delimiter: str, first_line: int) -> None:
        self._lines = lines
        self._sizes = sizes
        self._delimiter = delimiter
        self._first_line = first_line
        self._done = 0

    def read(self, more: Callable[[int], str], most: int) -> QuotedBatch:
        """Return the rows, at most so many; `more` gives whole lines after so many."""
        reader = csv.reader(self._fed(more, lambda: reader.line_num), delimiter=self._delimiter, strict=True)
        rows: list[list[str]] = []
        ends: list[int] = []
        error: DomainError | None = None
        try:
            for row in reader:
                rows.append(row)
                self._done = reader.line_num
                ends.append(self._done)
                if len(rows) == most:
                    break
        except DomainError as fault:
            error = fault
        except csv.Error as fault:
            unclosed = "end of data" in str(fault)
            problem = "a quote is not closed" if unclosed else "text after a closing quote"
            error = self._malformed(problem, self._lines[self._done : reader.line_num])
        batch = QuotedBatch(self._lines, ends, self._first_line, error, rows)
        self._check_sizes(batch)
        return batch

    def _fed(self, more: Callable[[int], str], taken: Callable[[], int]) -> Iterator[str]:
        yield from self._lines
        while taken() > self._done:
            row = self._lines[self._done :]
            if self._sizes.of("".join(row)) > self._sizes.max_row_bytes:
                raise self._malformed("a row is too long, or a quote is not closed", row)
            lines = split(more(len(self._lines)))
            if not lines:
                return
            self._lines += lines
            yield from lines

    def _malformed(self, problem: str, row: Sequence[str]) -> FileMalformed:
        line = self._first_line + self._done + faulty_line(row, self._delimiter)
        return FileMalformed(line=str(line), problem=problem)

    def _check_sizes(self, batch: QuotedBatch) -> None:
        """Let the batch end before the first row that is too large."""
        sizes = self._sizes
        cells = max(map(len, chain.from_iterable(batch.rows)), default=0) * sizes.widest
        rows = sum(map(len, batch.lines)) * sizes.widest
        if cells <= sizes.max_field_bytes and rows <= sizes.max_row_bytes:
            return
        for place, row in enumerate(batch.rows):
            if sizes.of(batch.text(place, place + 1)) > sizes.max_row_bytes:
                problem = "a row is too long, or a quote is not closed"
            elif any(sizes.of(cell) > sizes.max_field_bytes for cell in row):
                problem = "a cell is too long"
            else:
                continue
            batch.error = FileMalformed(line=str(batch.line(place)), problem=problem)
            batch.rows, batch.ends = batch.rows[:place], batch.ends[:place]
            return


class LineTooLong(Exception):
    """A line does not end within the longest row that is allowed."""


def blocks(pieces: Iterable[str], longest: int) -> Iterator[str]:
    """Yield the text in blocks of whole lines."""
    kept: list[str] = []
    length = 0
    for piece in pieces:
        kept.append(piece)
        length += len(piece)
        if length < BLOCK:
            continue
        text = "".join(kept)
        # A CR at the very end may be half of a CR LF, so it does not end a line yet.
        cut = max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1)) + 1
        if cut:
            yield text[:cut]
        kept, length = [text[cut:]], len(text) - cut
        if length > longest:
            raise LineTooLong
    if text := "".join(kept):
        yield text


def split(block: str) -> list[str]:
    """Return the lines, which end with LF, CR LF or CR, whatever else the text holds."""
    return list(io.StringIO(block, newline=""))
