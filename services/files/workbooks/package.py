"""The package of a workbook: a zip whose parts are unpacked within a budget, or a refusal that names it."""

import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO

from services.files.errors import (
    FileInvalidFormat,
    FilePasswordProtected,
    FileWorkbookInvalid,
    FileWorkbookTooLarge,
    FileWorkbookUnsupported,
)

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: The bytes by which a workbook is told from a CSV.
MAGIC_BYTES = len(_OLE)
_PIECE_BYTES = 256 * 1024
#: A workbook has a few parts for each sheet. Each takes hundreds of bytes of memory before it is unpacked.
_MOST_PARTS = 10_000
#: Parts that list sheets, relations and styles; each is read whole.
_SMALL_PART_BYTES = 32 * 1024 * 1024
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
#: What other spreadsheets have inside, and how they are called.
_OTHERS = (
    ("xl/workbook.bin", "xlsb"),
    ("index/document.iwa", "numbers"),
    ("index.zip", "numbers"),
    ("content.xml", "ods"),
)


def is_package(start: bytes) -> bool:
    """Return whether a file that begins with these bytes is read as a workbook, or refused as one."""
    return start.startswith((*_ZIP, _OLE))


class Package:
    """The parts of a workbook by name; upper and lower case are the same."""

    def __init__(self, content: bytes, *, max_bytes: int) -> None:
        """Open a package; raise what it is instead of a workbook. It unpacks at most `max_bytes` in all."""
        if content.startswith(_OLE):
            raise _old(content)
        if content.count(b"PK\x01\x02") > _MOST_PARTS:
            raise FileWorkbookInvalid(problem="the package has too many parts")
        try:
            self._zip = zipfile.ZipFile(BytesIO(content))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError):
            raise FileWorkbookInvalid(problem="the package is damaged or was cut off") from None
        self._limit = self._left = max_bytes
        self._parts: dict[str, zipfile.ZipInfo] = {}
        for entry in self._zip.infolist():
            name = entry.filename.replace("\\", "/").lower()
            if name in self._parts:
                raise FileWorkbookInvalid(problem="the package has two parts of one name")
            self._parts[name] = entry
        self._check_kind()

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._parts

    def part(self, name: str) -> bytes:
        """Return a small part."""
        found = bytearray()
        for piece in self.pieces(name):
            found += piece
            if len(found) > _SMALL_PART_BYTES:
                raise FileWorkbookTooLarge(limit=str(_SMALL_PART_BYTES))
        return bytes(found)

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield a part as it is unpacked; raise FileWorkbookTooLarge, FileWorkbookInvalid."""
        entry = self._parts.get(name.lower())
        if entry is None:
            raise FileWorkbookInvalid(problem="a part is missing", part=name[:100])
        if entry.flag_bits & _ENCRYPTED:
            raise FilePasswordProtected
        if entry.compress_type not in _METHODS:
            raise FileWorkbookInvalid(problem="a part is packed by an unknown method", part=name[:100])
        try:
            with self._zip.open(entry) as unpacked:
                while piece := unpacked.read(_PIECE_BYTES):
                    self._left -= len(piece)
                    if self._left < 0:
                        raise FileWorkbookTooLarge(limit=str(self._limit))
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError):
            raise FileWorkbookInvalid(problem="a part is damaged", part=name[:100]) from None

    def _check_kind(self) -> None:
        if "[content_types].xml" in self._parts and "xl/workbook.bin" not in self._parts:
            if any(name.startswith(("word/", "ppt/", "visio/")) for name in self._parts):
                raise FileInvalidFormat(problem="the file is a document, not a table")
            return
        for name, kind in _OTHERS:
            if name in self._parts:
                raise FileWorkbookUnsupported(format=kind)
        raise FileInvalidFormat(problem="the file is an archive; unpack it and upload the table")


def _old(content: bytes) -> Exception:
    """Return the refusal of a compound file: Excel wraps what it encrypts in one, and `.xls` is one."""
    if "EncryptedPackage".encode("utf-16-le") in content:
        return FilePasswordProtected()
    if any(name.encode("utf-16-le") in content for name in ("Workbook", "Book")):
        return FileWorkbookUnsupported(format="xls")
    return FileInvalidFormat(problem="the file is a document, not a table")
