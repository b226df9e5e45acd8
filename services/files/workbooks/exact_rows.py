"""The rows of a sheet in any form of XML, read by a parser: slower than by a pattern, and never wrong."""

import re
from collections.abc import Iterable, Iterator

from services.files.errors import FileWorkbookInvalid
from services.files.workbooks.cells import MOST_ROWS, Cells, letters_of, place_of
from services.files.workbooks.xml import Walk

#: A row's number in the sheet, from 1, and its cells from column A to the last that has a value.
Row = tuple[int, list[str]]
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_NUMBER = re.compile(r"([0-9]{1,7})")


def exact_rows(pieces: Iterable[bytes], part: str, cells: Cells, *, after: int) -> Iterator[Row]:
    """Yield the rows that have a value; the first comes after row `after`."""
    rows = _Rows(part, cells, after)
    for piece in pieces:
        rows.walk.feed(piece)
        yield from rows.taken()
    rows.walk.feed(b"", final=True)
    yield from rows.taken()


def next_row(said: re.Match[str] | None, last: int, part: str) -> int:
    """Return a row's number: what it says, or else the one after the last; raise FileWorkbookInvalid."""
    number = last + 1 if said is None else int(said[1])
    if not last < number <= MOST_ROWS:
        raise FileWorkbookInvalid(problem="rows are out of order", part=part)
    return number


def trimmed(row: list[str]) -> list[str]:
    """Take the empty cells from a row's end; return the row."""
    while row and not row[-1]:
        row.pop()
    return row


class _Rows:
    def __init__(self, part: str, cells: Cells, after: int) -> None:
        self.walk = Walk(part, self._start, self._end, self._characters)
        self._part = part
        self._cells = cells
        self._number = after
        self._found: list[Row] = []
        self._row: list[str] = []
        self._place = 0
        self._in_rows = self._phonetic = self._inside = False
        self._open()

    def taken(self) -> list[Row]:
        found, self._found = self._found, []
        return found

    def _open(self, attributes: dict[str, str] | None = None) -> None:
        self._attributes = attributes or {}
        self._value: list[str] = []
        self._formula = False

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheetData":
            self._in_rows = True
        if not self._in_rows:
            return
        if name == "row":
            said = attributes.get("r")
            match = None if said is None else _NUMBER.fullmatch(said)
            if said is not None and match is None:
                raise FileWorkbookInvalid(problem="rows are out of order", part=self._part)
            self._number = next_row(match, self._number, self._part)
            self._row, self._place = [], 0
        elif name == "c":
            self._open(attributes)
        elif name == "f":
            self._formula = True
        elif name == "rPh":
            self._phonetic = True
        self._inside = name in ("v", "t") and not self._phonetic

    def _characters(self, text: str) -> None:
        if self._inside:
            self._value.append(text)

    def _end(self, name: str) -> None:
        self._inside = False
        if name == "sheetData":
            self._in_rows = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "c" and self._in_rows:
            self._close()
        elif name == "row" and self._in_rows and trimmed(self._row):
            self._found.append((self._number, self._row))

    def _close(self) -> None:
        kind, value = self._attributes.get("t", ""), "".join(self._value)
        letters = self._letters()
        if self._formula:
            self._cells.formula(f"{letters}{self._number}", has_value=bool(value or kind == "str"))
        self._place = place_of(letters) + 1
        text = self._cells.text(kind, self._attributes.get("s", ""), value) if value else ""
        if not text:
            return
        gap = self._cells.column(letters) - len(self._row)
        if gap < 0:
            raise FileWorkbookInvalid(problem="cells are out of order", part=self._part)
        self._row += [""] * gap + [text]

    def _letters(self) -> str:
        said = self._attributes.get("r")
        if said is None:
            return letters_of(self._place)
        match = _CELL.fullmatch(said)
        if match is None or int(match[2]) != self._number:
            raise FileWorkbookInvalid(problem="a cell is not in its row", part=self._part)
        return match[1]
