"""The begin of a sheet's part, up to its first row: is it in the form that can be read by a pattern?"""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers import expat

from services.files.errors import FileWorkbookInvalid
from services.files.workbooks.xml import local, raise_for, strict_parser

#: Views, formats and columns come before the rows; a million columns would take less.
_MOST_HEAD_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class HeadOfSheet:
    """What was drawn, up to the rows and from there on; `prefix` is that of the part's names.

    Without a prefix, not even an empty one, a parser must read the whole part.
    """

    raw: bytes
    rest: bytes
    prefix: str | None


class _RowsBegin(Exception):
    """The parser has come to the element of the rows, which begins at this byte."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at


def head_of(source: Iterator[bytes], part: str) -> HeadOfSheet:
    """Draw pieces up to the rows; raise FileWorkbookInvalid when the part is no sheet."""
    parser = strict_parser()
    encodings: list[str | None] = []
    names: list[str] = []

    def start(name: str, _: dict[str, str]) -> None:
        names.append(name)
        if len(names) == 1 and local(name) != "worksheet":
            raise FileWorkbookInvalid(problem="a part is no sheet", part=part)
        if local(name) == "sheetData":
            raise _RowsBegin(parser.CurrentByteIndex)

    parser.XmlDeclHandler = lambda _, encoding, __: encodings.append(encoding)
    parser.StartElementHandler = start
    raw = b""
    for piece in source:
        raw += piece
        try:
            parser.Parse(piece, False)
        except _RowsBegin as rows:
            return _split(raw, rows.at, names[-1], encodings)
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise_for(error, part)
        if len(raw) > _MOST_HEAD_BYTES:
            break
    return HeadOfSheet(raw, b"", None)


def _split(raw: bytes, begin: int, name: str, encodings: list[str | None]) -> HeadOfSheet:
    tag = f"<{name}>".encode()
    utf_8 = all(encoding is None or encoding.lower() == "utf-8" for encoding in encodings)
    # The position is none where the parser has turned another encoding into UTF-8.
    if not utf_8 or raw[begin : begin + len(tag)] != tag:
        return HeadOfSheet(raw, b"", None)
    cut = begin + len(tag)
    return HeadOfSheet(raw[:cut], raw[cut:], name.removesuffix("sheetData"))
