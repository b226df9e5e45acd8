"""Physical lines of a CSV whose text arrives in pieces, counted, and which line to blame for a fault."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from services.files.errors import FileInvalidFormat, FileMalformed


class Lines:
    """Lines that end with LF, CR LF or CR, whatever else a text holds, for a csv reader to draw from.

    The reader draws just the lines of one row at a time, so that after a row `offset` is where the
    next one begins (in bytes by `size`) and `row` holds its lines; `next_row` says that one is done.
    """

    def __init__(
        self,
        pieces: Iterable[str],
        *,
        size: Callable[[str], int],
        offset: int = 0,
        max_row_bytes: int,
        delimiter: str,
    ) -> None:
        self._pieces = pieces
        self._size = size
        self._max_row_bytes = max_row_bytes
        self._delimiter = delimiter
        self._start = offset
        self.offset = offset
        self.number = 0
        self.row: list[str] = []

    @property
    def first_line(self) -> int:
        """Number, from 1, of the line on which the current row begins."""
        return self.number - len(self.row) + 1

    def next_row(self) -> None:
        """Begin a row: the next line drawn is its first."""
        self.row.clear()
        self._start = self.offset

    def malformed(self, problem: str) -> FileMalformed:
        """Return the error for the field of the current row that cannot be read: the line where it begins."""
        line = self.first_line + faulty_line(self.row, self._delimiter)
        return FileMalformed(line=str(line), problem=problem)

    def __iter__(self) -> Iterator[str]:
        for block in self._blocks():
            has_nul = "\0" in block
            for line in io.StringIO(block, newline=""):
                self.number += 1
                self.offset += self._size(line)
                self.row.append(line)
                if has_nul and "\0" in line:
                    self._refuse_nul()
                if self.offset - self._start > self._max_row_bytes:
                    raise self.malformed("a row is too long, or a quote is not closed")
                yield line

    def _refuse_nul(self) -> None:
        # NULs from the first line on are a binary file rather than a slip in a CSV.
        if self.number == 1:
            raise FileInvalidFormat
        raise FileMalformed(line=str(self.number), problem="a NUL character")

    def _blocks(self) -> Iterator[str]:
        """Whole lines, many at a time."""
        kept: list[str] = []
        length = 0
        for piece in self._pieces:
            # A CR at the very end may be half of a CR LF, so it does not end a line yet.
            cut = max(piece.rfind("\n"), piece.rfind("\r", 0, len(piece) - 1)) + 1
            if cut:
                kept.append(piece[:cut])
                yield "".join(kept)
                kept, length = [], 0
            kept.append(piece[cut:])
            length += len(piece) - cut
            if length > self._max_row_bytes:
                raise FileMalformed(line=str(self.number + 1), problem="a line is too long")
        if tail := "".join(kept):
            yield tail


def faulty_line(lines: Sequence[str], delimiter: str) -> int:
    """Return the index of the line on which the first field begins that is unclosed or followed by junk.

    When there is none, the index of the line on which the last field begins.
    """
    began, quoted = 0, False
    for index, line in enumerate(lines):
        at = 0
        if not quoted:
            began, quoted = index, line.startswith('"')
            at = int(quoted)
        while at < len(line):
            if quoted:
                at = line.find('"', at) + 1
                if not at:
                    break
                if line.startswith('"', at):
                    at += 1
                    continue
                quoted = False
                if not line.startswith((delimiter, "\r", "\n"), at) and at < len(line):
                    return began
            at = line.find(delimiter, at) + 1
            if not at:
                break
            began, quoted = index, line.startswith('"', at)
            at += int(quoted)
    return began
