"""What kind of text a file is: not a CSV at all, which encoding, which delimiter."""

import codecs
import csv
import io
import re
from itertools import islice
from typing import Protocol

from services.files.errors import FileEncoding, FileInvalidFormat

DELIMITERS = (",", ";", "\t", "|")
#: So much of a file's beginning decides about its format and delimiter.
SAMPLE_BYTES = 128 * 1024
_SAMPLE_ROWS = 200

_NOT_CSV = (
    b"\x1f\x8b",  # gzip
    b"PK\x03\x04",  # zip and with it xlsx, ods
    b"PK\x05\x06",
    b"%PDF-",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",  # xls
    b"BZh",
    b"\xfd7zXZ\x00",
    b"7z\xbc\xaf\x27\x1c",
    b"\x28\xb5\x2f\xfd",  # zstandard
    b"Rar!\x1a\x07",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",  # jpeg
    b"GIF8",
    b"\x7fELF",
    b"PAR1",  # parquet
    b"SQLite format 3\x00",
    b"{\\rtf",
)
_MARKUP = re.compile(rb"\s*(<!doctype|<html|<\?xml|\[\s*[{\[]|\{\s*\")", re.IGNORECASE)
_UNDEFINED_IN_1252 = b"\x81\x8d\x8f\x90\x9d"


class Text(Protocol):
    """A file's bytes as text for the parser; one for each way in which bytes become characters."""

    #: Bytes before the text: the byte order mark.
    mark: int

    def decode(self, piece: bytes, *, final: bool = False) -> str:
        """Return the characters of the next bytes; raise FileEncoding when there are none."""
        ...

    def size(self, text: str) -> int:
        """Return how many bytes of the file these characters were."""
        ...

    def cell(self, text: str) -> str:
        """Return the real text of a cell; known only when all of the file was decoded."""
        ...

    @property
    def encoding(self) -> str:
        """The encoding's name; known only when all of the file was decoded."""
        ...


class EightBitText:
    """UTF-8, or Windows-1252 when a byte anywhere in the file is not UTF-8.

    The parser sees the bytes as Latin-1: every character that shapes a CSV is ASCII in both
    encodings and part of no other character, so rows and offsets are the same whichever it
    will turn out to be. One pass is enough, and a late byte cannot make earlier rows wrong.
    """

    def __init__(self, *, marked: bool) -> None:
        self.mark = 3 if marked else 0
        self._utf8 = codecs.getincrementaldecoder("utf-8")("strict")
        self._is_utf8 = True
        self._is_1252 = not marked
        self._seen = self.mark
        self._bad = 0

    def decode(self, piece: bytes, *, final: bool = False) -> str:
        if self._is_utf8:
            try:
                self._utf8.decode(piece, final)
            except UnicodeDecodeError as error:
                self._is_utf8 = False
                # The error counts from the bytes that the decoder had kept back.
                self._bad = self._seen + error.start - (len(error.object) - len(piece))
        if self._is_1252 and len(piece.translate(None, _UNDEFINED_IN_1252)) < len(piece):
            self._is_1252 = False
        if not self._is_utf8 and not self._is_1252:
            raise FileEncoding(offset=str(self._bad))
        self._seen += len(piece)
        return piece.decode("latin-1")

    def size(self, text: str) -> int:
        return len(text)

    def cell(self, text: str) -> str:
        return text.encode("latin-1").decode(self.encoding)

    @property
    def encoding(self) -> str:
        return "utf-8" if self._is_utf8 else "windows-1252"


class WideText:
    """UTF-16 with its byte order mark."""

    mark = 2

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._seen = self.mark

    def decode(self, piece: bytes, *, final: bool = False) -> str:
        try:
            text = self._decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            kept = len(error.object) - len(piece)
            raise FileEncoding(offset=str(self._seen + error.start - kept)) from None
        self._seen += len(piece)
        return text

    def size(self, text: str) -> int:
        return len(text.encode("utf-16-le"))

    def cell(self, text: str) -> str:
        return text


def text_of(sample: bytes) -> Text:
    """Choose how to read a file by its first bytes; raise when it is no CSV or in an unread encoding."""
    if sample.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        raise FileEncoding(offset="0")
    if sample.startswith(codecs.BOM_UTF16_LE):
        return WideText("utf-16-le")
    if sample.startswith(codecs.BOM_UTF16_BE):
        return WideText("utf-16-be")
    marked = sample.startswith(codecs.BOM_UTF8)
    start = sample[3:] if marked else sample
    # NULs from the first line on: a binary file, or UTF-16 without its mark.
    binary = b"\0" in start.partition(b"\n")[0]
    if binary or start.startswith(_NOT_CSV) or _MARKUP.match(start):
        raise FileInvalidFormat
    return EightBitText(marked=marked)


def delimiter_of(sample: str, *, whole: bool) -> str:
    """Return the delimiter under which most rows are as wide as the first; of equals, the widest.

    A delimiter that is not in the first row is none; without any the file has one column and the comma.
    """
    best, chosen = (0.0, 1), DELIMITERS[0]
    for delimiter in DELIMITERS:
        widths = _widths(sample, delimiter, whole=whole)
        if not widths or widths[0] < 2:
            continue
        score = (widths.count(widths[0]) / len(widths), widths[0])
        if score > best:
            best, chosen = score, delimiter
    return chosen


def _widths(sample: str, delimiter: str, *, whole: bool) -> list[int]:
    widths: list[int] = []
    lines = io.StringIO(sample, newline="")
    try:
        for row in islice(csv.reader(lines, delimiter=delimiter, strict=True), _SAMPLE_ROWS):
            if row:
                widths.append(len(row))
    except csv.Error:
        return widths
    # The last row of a part of a file may be cut.
    if not whole and len(widths) < _SAMPLE_ROWS:
        widths = widths[:-1]
    return widths
