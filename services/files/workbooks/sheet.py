"""The rows of a sheet: what most programs write is read by a pattern, anything else by a parser of XML."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from xml.sax.saxutils import unescape

from services.files.errors import FileWorkbookInvalid
from services.files.workbooks.cells import Cells
from services.files.workbooks.exact_rows import Row, exact_rows, next_row, trimmed
from services.files.workbooks.sheet_head import HeadOfSheet, head_of
from services.files.workbooks.strings import QUOTES, plain_text
from services.files.workbooks.values import number_text

#: One token of a sheet's rows, with the prefix `{p}` of its names: a row's begin, a cell, or, in the last
#: group, a character that belongs to neither. The tokens cover the text without a gap, so a text in which the
#: last group stays empty was understood wholly.
_FORM = (
    r'<{p}c r="([A-Z]++)([0-9]++)"(?: ([^<>]*+))?'
    r"(?:(?<=/)>|/>|>(?:(<{p}f)(?: [^<>]*+)?(?:/>|>[^<]*+</{p}f>))?"
    r'(?:<{p}(?:v|is><{p}t(?: xml:space="preserve")?)>([^<]*+)</{p}(?:v|t></{p}is)>|<{p}v/>)?</{p}c>)'
    r"(?:</{p}row>)?|<({p}row(?: [^<>]*+)?)>|</{p}row>|\s+|(.)"
)
#: The attributes of a cell besides its place, and the slash of one without content.
_ATTRIBUTES = re.compile(r'(?:[a-z]{1,3}="[^"&]{0,20}" ?)*/?')
_STYLE = re.compile(r'\bs="([0-9]{1,5})"')
_KIND = re.compile(r'\bt="([^"]*)"')
_NUMBER_OF_ROW = re.compile(r' r="([0-9]{1,7})"')
#: A row may be long, but one without an end in this many bytes is left to the parser.
_MOST_WAITING = 16 * 1024 * 1024
#: More different attributes than a sheet has styles.
_MOST_REMEMBERED = 100_000


class _Unusual(Exception):
    """The text is not in the form that the pattern knows."""


def rows(pieces: Iterable[bytes], part: str, cells: Cells) -> Iterator[Row]:
    """Yield the rows that have a value, with their numbers; each from column A to its last value."""
    source = iter(pieces)
    head = head_of(source, part)
    rest = chain([head.rest], source)
    if head.prefix is None:
        return exact_rows(chain([head.raw], rest), part, cells, after=0)
    return _Plain(head, head.prefix, part, cells).rows(rest)


class _Plain:
    def __init__(self, head: HeadOfSheet, prefix: str, part: str, cells: Cells) -> None:
        self._head = head
        self._part = part
        self._cells = cells
        self._token = re.compile(_FORM.format(p=re.escape(prefix)), re.DOTALL)
        self._row_end = f"</{prefix}row>".encode()
        self._end = f"</{prefix}sheetData>".encode()
        self._last = 0
        #: What attributes say, as far as it was asked: type, style, and whether it is a number of any looks.
        self._attributes: dict[str, tuple[str, str, bool]] = {}

    def rows(self, source: Iterator[bytes]) -> Iterator[Row]:
        waiting = b""
        for piece in source:
            waiting += piece
            cut = waiting.rfind(self._row_end) + len(self._row_end)
            end = waiting.find(self._end)
            if end >= 0:
                cut = end
            elif cut < len(self._row_end):
                if len(waiting) < _MOST_WAITING:
                    continue
                cut = 0
            found = self._understood(waiting[:cut])
            if found is None or not (cut or end >= 0):
                yield from self._exact(waiting, source)
                return
            yield from found
            waiting = waiting[cut:]
            if end >= 0:
                # The rest is no data, but it is unpacked, so that damage to it is noticed.
                for _ in source:
                    pass
                return
        yield from self._exact(waiting, source)

    def _exact(self, waiting: bytes, source: Iterator[bytes]) -> Iterator[Row]:
        again = chain([self._head.raw, waiting], source)
        return exact_rows(again, self._part, self._cells, after=self._last)

    def _understood(self, raw: bytes) -> list[Row] | None:
        text = plain_text(raw)
        if text is None:
            return None
        try:
            return list(self._read(text))
        except _Unusual:
            return None

    def _read(self, text: str) -> Iterator[Row]:
        cells = self._cells
        columns, attributes, text_of, shared = cells.columns, self._attributes, cells.text, cells.shared
        last = number = self._last
        row: list[str] = []
        of_row = ""
        entities, escapes = "&" in text, "_x" in text
        for letters, digits, said, formula, written, begin, other in self._token.findall(text):
            if letters:
                if digits != of_row:
                    raise FileWorkbookInvalid(problem="a cell is not in its row", part=self._part)
                known = attributes.get(said)
                kind, style, plain = self._attributes_of(said) if known is None else known
                if formula:
                    cells.formula(letters + digits, has_value=bool(written or kind == "str"))
                if not written:
                    continue
                if entities and "&" in written:
                    written = unescape(written, QUOTES)
                if kind == "inlineStr" and not escapes:
                    shown = written
                elif kind == "s":
                    shown = shared(written)
                elif plain:
                    shown = number_text(written)
                else:
                    shown = text_of(kind, style, written)
                if not shown:
                    continue
                place = columns.get(letters)
                gap = (cells.column(letters) if place is None else place) - len(row)
                if gap:
                    if gap < 0:
                        raise FileWorkbookInvalid(problem="cells are out of order", part=self._part)
                    row += [""] * gap
                row.append(shown)
            elif begin:
                if trimmed(row):
                    yield number, row
                row = []
                numbered = _NUMBER_OF_ROW.search(begin)
                if numbered is None and " r=" in begin:
                    raise _Unusual
                number = last = next_row(numbered, last, self._part)
                of_row = str(number)
            elif other:
                raise _Unusual
        if trimmed(row):
            yield number, row
        self._last = last

    def _attributes_of(self, said: str) -> tuple[str, str, bool]:
        if _ATTRIBUTES.fullmatch(said) is None or len(self._attributes) > _MOST_REMEMBERED:
            raise _Unusual
        kind, style = _KIND.search(said), _STYLE.search(said)
        named = kind[1] if kind else ""
        styled = style[1] if style else ""
        found = (named, styled, not named and styled not in self._cells.styles)
        self._attributes[said] = found
        return found
