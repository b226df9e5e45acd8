"""The body of an upload: the file itself, or multipart/form-data with one file in it."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from services.files.errors import FileInvalidFormat

_MULTIPART = b"multipart/form-data"


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
        self.filename = ""
        self._files = 0
        self._in_file = False
        self._ended = False
        self._header = ""
        self._value = bytearray()
        self._disposition = b""
        self._found: list[bytes] = []
        try:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": self._name,
                    "on_header_value": self._more,
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._open,
                    "on_part_data": self._data,
                    "on_end": self._end,
                },
            )
        except FormParserError:
            raise FileInvalidFormat from None

    def file(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            try:
                self._parser.write(piece)
            except FormParserError:
                raise FileInvalidFormat(problem="the form is malformed") from None
            yield from self._found or (b"",)
            self._found.clear()
        if not self._ended or self._files != 1:
            raise FileInvalidFormat(problem="the form is cut off, or does not contain exactly one file")

    def _begin(self) -> None:
        self._disposition = b""
        self._header = ""
        self._in_file = False

    def _name(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end].decode("latin-1")

    def _more(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == "content-disposition":
            self._disposition = bytes(self._value)
        self._header = ""
        self._value.clear()

    def _open(self) -> None:
        _, options = parse_options_header(self._disposition.decode("latin-1"))
        name = options.get(b"filename")
        if name is None:
            return
        self._in_file = True
        self._files += 1
        self.filename = name.decode("utf-8", "replace")

    def _data(self, data: bytes, start: int, end: int) -> None:
        # A second file is refused at the end; its bytes must not be added to the first one's.
        if self._in_file and self._files == 1:
            self._found.append(data[start:end])

    def _end(self) -> None:
        self._ended = True


def body_of(content_type: str) -> Body:
    """Choose by the request's content type: a body that is no form is the file itself."""
    kind, options = parse_options_header(content_type.encode("ascii", "replace").decode())
    if kind != _MULTIPART:
        return PlainBody()
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise FileInvalidFormat(problem="the content type names no boundary")
    return FormBody(boundary)
