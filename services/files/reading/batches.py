"""Rows of a CSV whose text arrives in pieces, read many rows at a time."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from services.common.errors import DomainError
from services.files.errors import FileEncoding, FileInvalidFormat, FileMalformed
from services.files.reading.batch import Batch, PlainRows, QuotedRows
from services.files.reading.faults import faulty_line

#: Text is read in blocks of whole lines of about this many characters. Smaller blocks cost more calls; larger
#: ones leave the processor's cache.
BLOCK = 64 * 1024
#: What the csv module says of a row, and what a person is told.
_PROBLEMS = {
    "end of data": "a quote is not closed",
    "new-line character": "a line does not end in CR CR LF as those before it do",
}
_OTHER_PROBLEM = "text follows a closing quote"
_ROW_TOO_LONG = "the row is too long, or a quote is not closed"

# The library's own limit applies to the whole process and counts characters; ours are checked below.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True, slots=True)
class Sizes:
    """The largest cell and row in bytes of the file, and how to measure a text in these bytes."""

    of: Callable[[str], int]
    max_field_bytes: int
    max_row_bytes: int
    #: The most bytes that a character takes.
    widest: int = 4


class Batches:
    """Reads rows from text without changing a cell; raises FileMalformed for a misplaced quote.

    Most blocks of most files have no quote. In these, rows are lines and cells are what is between
    delimiters, which is read four times as fast as the csv module reads the other blocks.
    """

    def __init__(
        self,
        pieces: Iterable[str],
        sizes: Sizes,
        *,
        delimiter: str,
        row_end: str = "",
        first_line: int = 1,
    ) -> None:
        self._blocks = blocks(pieces, sizes.max_row_bytes, row_end)
        self._sizes = sizes
        self._delimiter = delimiter
        self._row_end = row_end
        self._ahead = ""
        self._line = first_line

    def first(self) -> Batch:
        """Return a batch of only the first row; it is empty if the text is."""
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
        """Return whole lines, the first of which has this number; an empty text at the end."""
        try:
            block = self._ahead or next(self._blocks, "")
        except LineTooLong:
            limit = str(self._sizes.max_row_bytes)
            raise FileMalformed(line=str(line), problem="the line is too long", limit=limit) from None
        except FileEncoding as error:
            error.metadata["line"] = str(int(error.metadata["line"]) + line - 1)
            raise
        self._ahead = ""
        nul = block.find("\0")
        if nul < 0:
            return block
        begin = max(block.rfind("\n", 0, nul), block.rfind("\r", 0, nul)) + 1
        if begin:
            # The lines before it are read first: a mistake in them comes earlier in the file.
            self._ahead = block[begin:]
            return block[:begin]
        # A NUL in the first line means a binary file rather than a mistake in a CSV.
        if line == 1:
            raise FileInvalidFormat
        raise FileMalformed(line=str(line), problem="the line contains a NUL character")

    def _plain(self, block: str) -> Batch | None:
        if '"' in block:
            return None
        end = _only_end(block, self._row_end)
        if not end:
            return None
        lines = block.split(end)
        if lines.pop() or not all(lines) or self._may_be_large(block, lines):
            return None
        rows = PlainRows(block, lines, end, self._delimiter)
        return Batch(rows, lines, range(1, len(lines) + 1), self._line, line_end=end)

    def _quoted(self, block: str, *, most: int = 2**62) -> Batch:
        reading = _Reading(
            split(block, self._row_end),
            self._sizes,
            delimiter=self._delimiter,
            row_end=self._row_end,
            first_line=self._line,
        )
        return reading.read(lambda lines: self._draw(self._line + lines), most)

    def _may_be_large(self, block: str, lines: list[str]) -> bool:
        most = min(self._sizes.max_field_bytes, self._sizes.max_row_bytes) // self._sizes.widest
        return len(block) > most and max(map(len, lines), default=0) > most


class _Reading:
    """Runs the csv module over some lines, and over further ones while a row continues."""

    def __init__(
        self, lines: list[str], sizes: Sizes, *, delimiter: str, row_end: str, first_line: int
    ) -> None:
        self._lines = lines
        self._sizes = sizes
        self._delimiter = delimiter
        self._row_end = row_end
        self._first_line = first_line
        self._done = 0

    def read(self, more: Callable[[int], str], most: int) -> Batch:
        """Return at most `most` rows; `more(n)` gives the whole lines that follow the first n."""
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
            problem = next((said for sign, said in _PROBLEMS.items() if sign in str(fault)), _OTHER_PROBLEM)
            row = self._lines[self._done : reader.line_num]
            error = FileMalformed(line=self._faulty(row), problem=problem)
        good, oversize = self._first_oversize(rows, ends)
        return Batch(
            QuotedRows(rows[:good]), self._lines, ends[:good], self._first_line, error=oversize or error
        )

    def _fed(self, more: Callable[[int], str], taken: Callable[[], int]) -> Iterator[str]:
        yield from self._lines
        while taken() > self._done:
            row = self._lines[self._done :]
            if self._sizes.of("".join(row)) > self._sizes.max_row_bytes:
                limit = str(self._sizes.max_row_bytes)
                raise FileMalformed(line=self._faulty(row), problem=_ROW_TOO_LONG, limit=limit)
            lines = split(more(len(self._lines)), self._row_end)
            if not lines:
                return
            self._lines += lines
            yield from lines

    def _faulty(self, row: Sequence[str]) -> str:
        return str(self._first_line + self._done + faulty_line(row, self._delimiter))

    def _first_oversize(self, rows: list[list[str]], ends: list[int]) -> tuple[int, DomainError | None]:
        """Return how many rows come before the first that is too large, and the error about that one."""
        sizes = self._sizes
        cells = max(map(len, chain.from_iterable(rows)), default=0) * sizes.widest
        characters = sum(map(len, self._lines)) * sizes.widest
        if cells <= sizes.max_field_bytes and characters <= sizes.max_row_bytes:
            return len(rows), None
        for place, (row, end) in enumerate(zip(rows, ends, strict=True)):
            begin = ends[place - 1] if place else 0
            if sizes.of("".join(self._lines[begin:end])) > sizes.max_row_bytes:
                problem, limit = _ROW_TOO_LONG, sizes.max_row_bytes
            elif any(sizes.of(cell) > sizes.max_field_bytes for cell in row):
                problem, limit = "a cell is too long", sizes.max_field_bytes
            else:
                continue
            line = str(self._first_line + begin)
            return place, FileMalformed(line=line, problem=problem, limit=str(limit))
        return len(rows), None


class LineTooLong(Exception):
    """A line is longer than the longest row that is allowed."""


def blocks(pieces: Iterable[str], longest: int, row_end: str = "") -> Iterator[str]:
    """Yield the text in blocks of whole lines."""
    kept: list[str] = []
    length = 0
    for piece in _placed(pieces, kept):
        kept.append(piece)
        length += len(piece)
        if length < BLOCK:
            continue
        text = "".join(kept)
        cut = _last_end(text, row_end)
        if cut:
            yield text[:cut]
        kept[:] = [text[cut:]]
        length = len(text) - cut
        if length > longest:
            raise LineTooLong
    if text := "".join(kept):
        yield text


def _placed(pieces: Iterable[str], kept: list[str]) -> Iterator[str]:
    """Yield the pieces; an error about a byte in one of them counts lines from what was kept before it."""
    try:
        yield from pieces
    except FileEncoding as error:
        begun = "".join(kept)
        before = begun.count("\n") or begun.count("\r")
        error.metadata["line"] = str(int(error.metadata["line"]) + before)
        raise


def split(block: str, row_end: str = "") -> list[str]:
    """Return the lines. Only LF, CR LF and CR end a line, or only `row_end` if it is given."""
    if not row_end:
        return list(io.StringIO(block, newline=""))
    lines = block.split(row_end)
    last = lines.pop()
    return [f"{line}{row_end}" for line in lines] + ([last] if last else [])


def _last_end(text: str, row_end: str) -> int:
    """Return where the last whole line of a text ends; 0 without one."""
    if row_end:
        found = text.rfind(row_end)
        return found + len(row_end) if found >= 0 else 0
    # A CR at the very end may be the first half of a CR LF, so it does not end a line yet.
    return max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1)) + 1


def _only_end(block: str, row_end: str) -> str:
    """Return what ends every line of a block without quotes; empty when different ends do."""
    if row_end:
        ends = block.count(row_end)
        return row_end if 2 * ends == block.count("\r") and ends == block.count("\n") else ""
    returns = block.count("\r")
    if not returns:
        return "\n"
    return "\r\n" if returns == block.count("\r\n") == block.count("\n") else ""
