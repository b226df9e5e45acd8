"""A file's bytes as text: which encoding they are in, or that they are no CSV."""

import codecs
import re
from collections.abc import Sequence
from typing import Protocol

from services.files.errors import FileEncoding, FileInvalidFormat

UTF_8 = "utf-8"
WINDOWS_1252 = "windows-1252"
LATIN_1 = "latin-1"
_MARKS = {
    UTF_8: codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
ENCODINGS = (*_MARKS, WINDOWS_1252, LATIN_1)

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
    """Turns a file's bytes into text for the parser."""

    #: Bytes before the text: the byte order mark.
    mark: int
    #: The most bytes that a character takes.
    widest: int

    def decode(self, piece: bytes, *, final: bool = False) -> str:
        """Return the characters of the next bytes; raise FileEncoding for bytes that are none."""
        ...

    def size(self, text: str) -> int:
        """Return how many bytes these characters take in the file."""
        ...

    def cell(self, text: str) -> str:
        """Return the real text of a cell; known only after the whole file was decoded."""
        ...

    @property
    def encoding(self) -> str:
        """The encoding's name; known only after the whole file was decoded."""
        ...


class EightBitText:
    """Text in the first of some encodings that can decode every byte of the file.

    The parser sees the bytes as Latin-1. Every character that shapes a CSV is ASCII in all these encodings,
    and its byte is part of no other character, so rows and offsets are the same in each of them. One pass is
    enough, and a late byte cannot make earlier rows wrong.
    """

    widest = 1

    def __init__(self, encodings: Sequence[str], *, mark: int = 0) -> None:
        self.mark = mark
        self._left = list(encodings)
        self._utf8 = codecs.getincrementaldecoder(UTF_8)("strict")
        self._seen = mark
        self._bad: int | None = None

    def decode(self, piece: bytes, *, final: bool = False) -> str:
        if not piece.isascii() or self._utf8.getstate()[0]:
            self._check(piece, final=final)
        self._seen += len(piece)
        return piece.decode(LATIN_1)

    def size(self, text: str) -> int:
        return len(text)

    def cell(self, text: str) -> str:
        return text.encode(LATIN_1).decode(self.encoding)

    @property
    def encoding(self) -> str:
        return self._left[0]

    def _check(self, piece: bytes, *, final: bool) -> None:
        """Rule out the encodings that cannot decode a piece."""
        if UTF_8 in self._left:
            try:
                self._utf8.decode(piece, final)
            except UnicodeDecodeError as error:
                # The error's offset counts from bytes that the decoder kept from earlier pieces.
                self._rule_out(UTF_8, self._seen + error.start - (len(error.object) - len(piece)))
        if WINDOWS_1252 in self._left and len(piece.translate(None, _UNDEFINED_IN_1252)) < len(piece):
            undefined = next(at for at, byte in enumerate(piece) if byte in _UNDEFINED_IN_1252)
            self._rule_out(WINDOWS_1252, self._seen + undefined)

    def _rule_out(self, encoding: str, offset: int) -> None:
        first = self._left[0] == encoding
        self._left.remove(encoding)
        # The error names the first byte that the likeliest encoding cannot decode.
        if first and self._bad is None:
            self._bad = offset
        if not self._left:
            raise FileEncoding(offset=str(offset if self._bad is None else self._bad))


class WideText:
    """UTF-16, with or without its byte order mark."""

    widest = 4

    def __init__(self, encoding: str, *, mark: int) -> None:
        self.encoding = encoding
        self.mark = mark
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


def text_of(sample: bytes, requested: str = "") -> Text:
    """Choose how to decode a file by the requested encoding and its first bytes; raise when it is no CSV."""
    if not requested and sample.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        # UTF-32, whose mark begins with that of UTF-16.
        raise FileEncoding(offset="0")
    marked = next((name for name, mark in _MARKS.items() if sample.startswith(mark)), "")
    encoding = requested or marked
    if marked != encoding and "utf-16" in marked:
        # The mark contradicts the request: one of them is wrong, and the cells would be wrong too.
        raise FileEncoding(offset="0")
    mark = len(_MARKS[encoding]) if encoding and marked == encoding else 0
    if encoding.startswith("utf-16"):
        return WideText(encoding, mark=mark)
    start = sample[mark:]
    # A NUL in the first line: a binary file, or UTF-16 without its mark.
    binary = b"\0" in start.partition(b"\n")[0]
    if binary or start.startswith(_NOT_CSV) or _MARKUP.match(start):
        raise FileInvalidFormat
    return EightBitText([encoding] if encoding else [UTF_8, WINDOWS_1252], mark=mark)
