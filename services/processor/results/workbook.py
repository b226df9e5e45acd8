"""Rows as an Excel workbook (ECMA-376), written as it is sent: no row is kept, in memory or on a disk.

Each cell is a text in the format "text": no number loses a digit, no date is guessed, and nothing becomes a
formula, even after somebody has edited the cell.
"""

import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import IO
from xml.sax.saxutils import escape

from services.common.aside import go_on
from services.processor.results.errors import ResultTooLarge

#: What Excel opens: rows with the titles, columns, and characters of a cell (UTF-16 units).
MOST_ROWS, MOST_COLUMNS, MOST_CHARACTERS = 1_048_576, 16_384, 32_767
#: A sheet of more needs an extension of zip files that Excel does not read from a stream.
MOST_SHEET_BYTES = 2**31 - 1 - 1024 * 1024
#: How many cells that were cut are listed in the workbook. All of them are coloured.
MOST_LISTED = 10_000
_TITLE, _TEXT, _CUT = 1, 2, 3
#: Little more than the fastest; higher levels save little and take several times as long.
_LEVEL = 3
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font/><font><b/></font></fonts>'
    '<fills count="3"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill><fill><patternFill patternType="solid">'
    '<fgColor rgb="FFFFEB9C"/></patternFill></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4"><xf/>'
    '<xf numFmtId="49" fontId="1" applyNumberFormat="1" applyFont="1"/>'
    '<xf numFmtId="49" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fillId="2" applyNumberFormat="1" applyFill="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_SHEET = (
    f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
    "<sheetData>"
)
_SHEET_END = "</sheetData></worksheet>"
_NAMES = ("Results", "Cut cells")
# What XML cannot hold is written as _xHHHH_, and so is the first character of what reads like it.
_UNHELD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_LINE_END = re.compile("\r\n?")


def check_size(*, rows: int, columns: int) -> None:
    """Raise ResultTooLarge for a table that Excel would not open whole; `rows` without the titles."""
    if rows + 1 > MOST_ROWS or columns > MOST_COLUMNS:
        raise ResultTooLarge(
            f"A workbook holds {MOST_ROWS - 1:,} rows below its titles and {MOST_COLUMNS:,} columns; this"
            f" result has {rows:,} rows and {columns:,} columns. Download it as CSV or JSON Lines",
            rows=str(rows),
            columns=str(columns),
        )


class _Sent:
    """Takes what the zip file writes; it cannot be rewound, so nothing waits to be corrected."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, data: bytes, /) -> int:
        self._waiting += data
        return len(data)

    def flush(self) -> None:
        """Do nothing: what was written is there."""

    def close(self) -> None:
        """Do nothing: it is not open."""

    def take(self) -> bytes:
        taken, self._waiting = bytes(self._waiting), bytearray()
        return taken


class Workbook:
    """Writes a table as a workbook of one sheet, and a second one if cells had to be cut."""

    def __init__(self) -> None:
        self._sent = _Sent()
        self._zip = zipfile.ZipFile(self._sent, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        self._sheet: IO[bytes] | None = None
        self._letters: list[str] = []
        self._titles: Sequence[str] = ()
        self._row = self._size = 0
        #: (row, column, characters) of cells that were cut.
        self._cut: list[tuple[int, int, int]] = []

    def begin(self, titles: Sequence[str]) -> bytes:
        """Return the beginning of the file, with the row of titles."""
        check_size(rows=0, columns=len(titles))
        self._titles, self._letters = titles, [_letters(number) for number in range(1, len(titles) + 1)]
        self._sheet = self._zip.open("xl/worksheets/sheet1.xml", "w")
        self._sheet.write(_SHEET.encode())
        self._put(titles, _TITLE)
        return self._sent.take()

    def rows(self, rows: Iterable[Sequence[str]]) -> bytes:
        """Return as much of the file as rows have completed; raise ResultTooLarge."""
        for row in rows:
            go_on()
            self._put(row, _TEXT)
        return self._sent.take()

    def end(self) -> bytes:
        """Return the end of the file."""
        assert self._sheet is not None
        self._sheet.write(_SHEET_END.encode())
        self._sheet.close()
        names = _NAMES if self._cut else _NAMES[:1]
        if self._cut:
            listed = [("Row", "Column", "Characters")]
            listed += [(str(row), self._titles[column], str(size)) for row, column, size in self._cut]
            letters = [_letters(number) for number in (1, 2, 3)]
            text = "".join(_row(number, row, letters, _TEXT)[0] for number, row in enumerate(listed, start=1))
            self._zip.writestr("xl/worksheets/sheet2.xml", _SHEET + text + _SHEET_END)
        for path, content in _parts(names).items():
            self._zip.writestr(path, content)
        self._zip.close()
        return self._sent.take()

    def close(self) -> None:
        """End a file that nobody wants; after `end`, do nothing."""
        if self._sheet is not None:
            self._sheet.close()
        self._zip.close()

    def _put(self, cells: Sequence[str], style: int) -> None:
        assert self._sheet is not None
        self._row += 1
        text, cut = _row(self._row, cells, self._letters, style)
        self._cut += [(self._row, *each) for each in cut[: MOST_LISTED - len(self._cut)]]
        content = text.encode()
        self._size += len(content)
        if self._row > MOST_ROWS or self._size > MOST_SHEET_BYTES:
            raise ResultTooLarge(
                f"The result has more than the {MOST_ROWS:,} rows or two gigabytes that a workbook holds."
                " Download it as CSV or JSON Lines"
            )
        self._sheet.write(content)


def _row(
    number: int, cells: Sequence[str], letters: Sequence[str], style: int
) -> tuple[str, list[tuple[int, int]]]:
    """Return a row as XML, and (column, characters) of cells that were cut."""
    made, cut = [f'<row r="{number}">'], []
    for column, (cell, letter) in enumerate(zip(cells, letters, strict=True)):
        if not cell:
            continue
        text, size = _fitting(_LINE_END.sub("\n", cell))
        if size:
            cut.append((column, size))
        shown = escape(_UNHELD.sub(lambda found: f"_x{ord(found[0]):04X}_", text))
        made.append(
            f'<c r="{letter}{number}" s="{_CUT if size else style}" t="inlineStr">'
            f'<is><t xml:space="preserve">{shown}</t></is></c>'
        )
    made.append("</row>")
    return "".join(made), cut


def _fitting(text: str) -> tuple[str, int]:
    """Return a text as long as a cell may be, and how long it was if it was cut, else 0."""
    if len(text) * 2 <= MOST_CHARACTERS:
        return text, 0
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) // 2 <= MOST_CHARACTERS:
        return text, 0
    # Half of a character beyond 65,535 is left out.
    kept = units[: 2 * (MOST_CHARACTERS - 1)].decode("utf-16-le", "ignore")
    return kept + "\u2026", len(units) // 2


def _letters(number: int) -> str:
    """Return the name of a column, counted from 1: A to Z, AA and so on."""
    letters = ""
    while number:
        number, place = divmod(number - 1, 26)
        letters = chr(65 + place) + letters
    return letters


def _parts(names: Sequence[str]) -> dict[str, str]:
    """Return what a workbook has beside its sheets, by its path."""
    numbers = range(1, len(names) + 1)
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_KIND}.worksheet+xml"/>'
        for n in numbers
    )
    sheets = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="rId{n}"/>' for n, name in enumerate(names, start=1)
    )
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in numbers
    )
    return {
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets>'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{links}'
        f'<Relationship Id="rId{len(names) + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        "</Relationships>",
        "xl/styles.xml": _STYLES,
        "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>{types}</Types>',
    }
