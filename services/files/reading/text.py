"""A file's bytes as text: in a known encoding, or in one that its first characters beyond ASCII decide."""

import codecs
import re
from typing import Protocol

from services.files.errors import FileEncoding, FileInvalidFormat
from services.files.reading.encodings import (
    CODECS,
    LATIN_1,
    MARKS,
    MULTI_BYTE,
    UTF_8,
    UTF_16_BE,
    UTF_16_LE,
    undefined_bytes,
)
from services.files.reading.guess import guess

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
_BAD_UTF_8 = re.compile("[\udc80-\udcff]")
_SAMPLE_LINE = 200
_WIDE_SAMPLE = 4096


class Text(Protocol):
    """Turns a file's bytes into text for the parser."""

    #: Bytes before the text: the byte order mark.
    mark: int

    def decode(self, piece: bytes, *, final: bool = False) -> str:
        """Return the characters of the next bytes; raise FileEncoding for bytes that are none.

        The line in that error counts from the beginning of the piece.
        """
        ...

    def size(self, text: str) -> int:
        """Return how many bytes these characters take in the file."""
        ...

    def cell(self, text: str) -> str:
        """Return the real text of a cell that was decoded."""
        ...

    @property
    def widest(self) -> int:
        """The most bytes that a character takes."""
        ...

    @property
    def encoding(self) -> str:
        """The encoding's name; known only after the whole file was decoded."""
        ...

    @property
    def guessed(self) -> bool:
        """Whether the encoding is a guess."""
        ...

    @property
    def sample_line(self) -> str:
        """The first line that shows a guessed encoding; empty when nothing was guessed."""
        ...


class EightBitText:
    """UTF-8, or text in an encoding of one byte for each character.

    The parser sees the bytes as Latin-1. Every character that shapes a CSV is ASCII in all these encodings,
    and its byte is part of no other character, so rows and offsets are the same.
    """

    widest = 1
    guessed = False
    sample_line = ""

    def __init__(self, encoding: str, *, mark: int = 0, seen: int = 0) -> None:
        self.encoding = encoding
        self.mark = mark
        self._codec = CODECS[encoding]
        self._utf8 = codecs.getincrementaldecoder(UTF_8)("strict") if encoding == UTF_8 else None
        self._undefined = b"" if self._utf8 else undefined_bytes(encoding)
        self._seen = mark + seen

    def decode(self, piece: bytes, *, final: bool = False) -> str:
        if self._utf8 is not None:
            if not piece.isascii() or self._utf8.getstate()[0]:
                self._check_utf8(self._utf8, piece, final=final)
        elif self._undefined and len(piece.translate(None, self._undefined)) < len(piece):
            at = next(at for at, byte in enumerate(piece) if byte in self._undefined)
            raise _undecodable(self._seen, at, piece[:at].decode(LATIN_1))
        self._seen += len(piece)
        return piece.decode(LATIN_1)

    def size(self, text: str) -> int:
        return len(text)

    def cell(self, text: str) -> str:
        return text.encode(LATIN_1).decode(self._codec)

    def _check_utf8(self, decoder: codecs.IncrementalDecoder, piece: bytes, *, final: bool) -> None:
        try:
            decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            # The error's offset counts from bytes that the decoder kept from earlier pieces.
            at = error.start - (len(error.object) - len(piece))
            raise _undecodable(self._seen, at, piece[: max(0, at)].decode(LATIN_1)) from None


class WideText:
    """Text that the parser must see decoded: UTF-16, and encodings whose second bytes may be ASCII."""

    widest = 4
    guessed = False
    sample_line = ""

    def __init__(self, encoding: str, *, mark: int = 0, seen: int = 0) -> None:
        self.encoding = encoding
        self.mark = mark
        # A mark has no place inside text, so UTF-16 is measured without one.
        self._codec = CODECS[encoding]
        self._decoder = codecs.getincrementaldecoder(self._codec)("strict")
        self._seen = mark + seen

    def decode(self, piece: bytes, *, final: bool = False) -> str:
        try:
            text = self._decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            at = error.start - (len(error.object) - len(piece))
            before = piece[: max(0, at)].decode(self._codec, "ignore")
            raise _undecodable(self._seen, at, before) from None
        self._seen += len(piece)
        return text

    def size(self, text: str) -> int:
        # Each character that these encodings decode from some bytes is encoded in as many.
        return len(text.encode(self._codec))

    def cell(self, text: str) -> str:
        return text


class DetectedText:
    """Text that says nothing of its encoding: UTF-8 if its first bytes beyond ASCII are, otherwise a guess.

    Text in which valid UTF-8 outweighs what is not stays UTF-8, so that one bad byte is refused by its
    place, instead of making all other characters wrong.
    """

    mark = 0

    def __init__(self) -> None:
        self._text: Text | None = None
        self._seen = 0
        self.guessed = False
        self.sample_line = ""

    def decode(self, piece: bytes, *, final: bool = False) -> str:
        if self._text is None:
            if piece.isascii():
                self._seen += len(piece)
                return piece.decode("ascii")
            encoding = _encoding_of(piece, final=final)
            self._text = _text_in(encoding, seen=self._seen)
            if encoding != UTF_8:
                self.guessed = True
                self.sample_line = _first_telling_line(piece, encoding)
        return self._text.decode(piece, final=final)

    def size(self, text: str) -> int:
        return self._text.size(text) if self._text else len(text)

    def cell(self, text: str) -> str:
        return self._text.cell(text) if self._text else text

    @property
    def widest(self) -> int:
        return self._text.widest if self._text else WideText.widest

    @property
    def encoding(self) -> str:
        return self._text.encoding if self._text else UTF_8


def text_of(sample: bytes, requested: str = "") -> Text:
    """Choose how to decode a file by the requested encoding and its first bytes; raise when it is no CSV."""
    if not requested and sample.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        # UTF-32, whose mark begins with that of UTF-16.
        raise FileEncoding(offset="0", line="1")
    marked = next((name for name, mark in MARKS.items() if sample.startswith(mark)), "")
    encoding = requested or marked
    if marked != encoding and "utf-16" in marked:
        # The mark contradicts the request: one of them is wrong, and the cells would be wrong too.
        raise FileEncoding(offset="0", line="1")
    mark = len(MARKS[encoding]) if encoding and marked == encoding else 0
    if encoding.startswith("utf-16"):
        return WideText(encoding, mark=mark)
    start = sample[mark:]
    # A NUL in the first line: a binary file, or UTF-16 without its mark.
    binary = b"\0" in start.partition(b"\n")[0]
    if binary and not encoding and utf_16_without_mark(sample):
        raise FileEncoding(offset="0", line="1", problem="it looks like UTF-16 without its mark")
    if binary or start.startswith(_NOT_CSV) or _MARKUP.match(start):
        raise FileInvalidFormat
    return _text_in(encoding, mark=mark) if encoding else DetectedText()


def utf_16_without_mark(sample: bytes) -> str:
    """Return the UTF-16 that the first bytes seem to be in, without saying so; "" when they do not.

    Its first line is the header: mostly ASCII, so every second byte is NUL, and no other byte is.
    """
    start = sample[: _WIDE_SAMPLE & ~1]
    for encoding, text, high in (
        (UTF_16_LE, start[0::2], start[1::2]),
        (UTF_16_BE, start[1::2], start[0::2]),
    ):
        ascii_high = high.count(0)
        if len(start) >= 4 and b"\0" not in text and ascii_high > len(high) // 2:
            decoded = start.decode(CODECS[encoding], "ignore")
            if "\n" in decoded or "\r" in decoded:
                return encoding
    return ""


def _text_in(encoding: str, *, mark: int = 0, seen: int = 0) -> EightBitText | WideText:
    kind = WideText if encoding in MULTI_BYTE else EightBitText
    return kind(encoding, mark=mark, seen=seen)


def _encoding_of(piece: bytes, *, final: bool) -> str:
    """Return UTF-8, or a guess."""
    text = codecs.getincrementaldecoder(UTF_8)("surrogateescape").decode(piece, final)
    bad = len(_BAD_UTF_8.findall(text))
    if not bad:
        return UTF_8
    good = sum(1 for character in text if not character.isascii()) - bad
    if good >= bad:
        return UTF_8
    # The last line of a part of a file may be cut in the middle of a character.
    whole = piece if final else piece[: piece.rfind(b"\n") + 1]
    return guess(whole or piece)


def _first_telling_line(piece: bytes, encoding: str) -> str:
    lines = piece.decode(CODECS[encoding], "replace").splitlines()
    return next((line.strip() for line in lines if not line.isascii()), "")[:_SAMPLE_LINE]


def _undecodable(seen: int, at: int, before: str) -> FileEncoding:
    """Return the error about a byte, given the text of its piece before it."""
    lines = before.count("\n") or before.count("\r")
    return FileEncoding(offset=str(seen + at), line=str(lines + 1))
