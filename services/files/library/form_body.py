"""The body of an upload: the file itself, or multipart/form-data with one file in it."""

import re
from collections.abc import Generator, Iterable, Iterator
from typing import Protocol

from services.files.errors import FileInvalidFormat
from services.files.library.header_value import read_header, text_parameter
from services.files.library.marks import Marks

_MULTIPART = b"multipart/form-data"
#: RFC 2046, 5.1.1.
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)", re.DOTALL)
#: A form has the file and perhaps a few fields with short heads. Everything besides the file is read byte by
#: byte and kept nowhere, so the bounds keep a sender from paying for seconds of work with one request.
_MOST_PARTS = 10
_HEAD_BYTES = 8 * 1024
BESIDES_BYTES = 128 * 1024


class Body(Protocol):
    """Extracts a file's bytes from a request's."""

    #: The name that came with the file; known after its first byte.
    filename: str

    def file(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the file's bytes; raise FileInvalidFormat when the body is malformed."""
        ...


class PlainBody:
    """The body is the file."""

    filename = ""

    def file(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        yield from pieces


class FormBody:
    """The body is a form (RFC 7578) with exactly one file; its other fields are ignored."""

    def __init__(self, boundary: bytes) -> None:
        if not _BOUNDARY.fullmatch(boundary):
            raise FileInvalidFormat(problem="the content type names no boundary of 1 to 70 characters")
        self.filename = ""
        self._delimiter = b"\r\n--" + boundary
        self._besides = 0

    def file(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        # The first delimiter may be at the very beginning, without a line before it.
        marks = Marks(pieces, before=b"\r\n")
        files = 0
        yield from self._ignored(marks.until(self._delimiter))
        for _ in range(_MOST_PARTS + 1):
            if (yield from marks.begins(b"--")):
                yield from self._ignored(marks.rest())
                break
            if not self._names_a_file((yield from self._head(marks))):
                yield from self._ignored(marks.until(self._delimiter))
                continue
            files += 1
            if files > 1:
                raise FileInvalidFormat(problem="the form contains more than one file")
            yield from marks.until(self._delimiter)
        else:
            raise FileInvalidFormat(problem=f"the form has more than {_MOST_PARTS} parts")
        if files != 1:
            raise FileInvalidFormat(problem="the form contains no file")

    def _head(self, marks: Marks) -> Generator[bytes, None, bytes]:
        """Read the rest of the delimiter's line and the headers."""
        head = yield from marks.text_until(b"\r\n\r\n", most=_HEAD_BYTES)
        self._count(len(head))
        return head

    def _names_a_file(self, head: bytes) -> bool:
        rest_of_line, *lines = head.split(b"\r\n")
        if rest_of_line.strip(b" \t"):
            raise FileInvalidFormat(problem="the form is malformed")
        dispositions = []
        for line in lines:
            header = _HEADER.fullmatch(line)
            if header is None:
                raise FileInvalidFormat(problem="the form is malformed")
            if header[1].lower() == b"content-disposition":
                dispositions.append(header[2])
        if len(dispositions) != 1:
            raise FileInvalidFormat(problem="the form is malformed")
        name = text_parameter(read_header(dispositions[0])[1], b"filename")
        if name is not None:
            self.filename = name
        return name is not None

    def _ignored(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self._count(len(piece))
            # The reader of the file learns that there was a pause.
            yield b""

    def _count(self, size: int) -> None:
        self._besides += size
        if self._besides > BESIDES_BYTES:
            raise FileInvalidFormat(problem="the form contains too much besides the file")


def body_of(content_type: str) -> Body:
    """Choose by the request's content type: a body that is no form is the file itself."""
    kind, parameters = read_header(content_type.encode("ascii", "replace"))
    if kind != _MULTIPART:
        return PlainBody()
    return FormBody(parameters.get(b"boundary", b""))
