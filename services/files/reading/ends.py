"""The beginning and the end of a file, and the rows that options of a parse see in them."""

import csv
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from services.common.errors import DomainError
from services.files.reading.batches import split
from services.files.reading.dialect import RequestedFormat, separator_of
from services.files.reading.encodings import CODECS, MARKS, UTF_8
from services.files.reading.format import Beginning, beginning_of
from services.files.reading.text import text_of

#: Bytes of each end that are looked at. More find longer notes around a table, and take longer.
END_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Ends:
    """The first and the last bytes of a file, in whole lines; all of it twice if it is short."""

    head: bytes
    tail: bytes
    is_whole: bool


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, and how many lines come before it in the text that it was read from."""

    cells: list[str]
    lines_before: int

    @property
    def filled(self) -> int:
        """How many cells are not blank."""
        return sum(1 for cell in self.cells if cell.strip())


@dataclass(frozen=True, slots=True)
class Seen:
    """Both ends as options of a parse see them, wrong bytes replaced."""

    begun: Beginning
    tail: str


def ends_of(pieces: Iterable[bytes]) -> Ends:
    """Return both ends of a file."""
    head, tail, kept, size = bytearray(), deque[bytes](), 0, 0
    for piece in pieces:
        size += len(piece)
        head += piece[: END_BYTES - len(head)]
        tail.append(piece)
        kept += len(piece)
        while kept - len(tail[0]) >= END_BYTES:
            kept -= len(tail.popleft())
    last = b"".join(tail)[-END_BYTES:]
    if size <= END_BYTES:
        return Ends(bytes(head), last, is_whole=True)
    return Ends(bytes(head[: head.rfind(b"\n") + 1]), last[last.find(b"\n") + 1 :], is_whole=False)


def seen(ends: Ends, options: RequestedFormat) -> Seen | None:
    """Return both ends in some options; None when these cannot be the options of the file."""
    encoding = _encoding(ends.head, options.encoding)
    if encoding is None:
        return None
    mark = MARKS.get(encoding, b"")
    head = ends.head.removeprefix(mark).decode(CODECS[encoding], "replace")
    tail = ends.tail.removeprefix(mark).decode(CODECS[encoding], "replace")
    try:
        return Seen(beginning_of(head, options, whole=ends.is_whole), tail)
    except DomainError:
        return None


def rows_in(text: str, delimiter: str, row_end: str) -> list[Row]:
    """Return the rows of a text, as far as they can be read."""
    found: list[Row] = []
    reader = csv.reader(split(text, row_end), delimiter=separator_of(delimiter))
    before = 0
    try:
        for cells in reader:
            found.append(Row(cells, before))
            before = reader.line_num
    except csv.Error:
        return found
    return found


def _encoding(head: bytes, requested: str) -> str | None:
    try:
        text = text_of(head, requested)
    except DomainError:
        return None
    try:
        text.decode(head[text.mark :])
    except DomainError:
        # A wrong byte, which is replaced.
        return requested or UTF_8
    return text.encoding
