"""File transfers: a file sent as a request body, and a response body that becomes a file only if whole."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from .errors import TransferDamaged

CHUNK_BYTES = 1 << 18
#: Called with the number of bytes sent so far; a retry starts at 0 again.
Progress = Callable[[int], object]


class FileContent:
    """A file, or the content of one, as the body of a request; every attempt reads it from the start."""

    def __init__(self, source: Path | bytes, progress: Progress | None = None) -> None:
        self._source = source
        self.size_bytes = len(source) if isinstance(source, bytes) else source.stat().st_size
        self._progress = progress

    def open(self) -> BinaryIO:
        """Return the content, to be read from its start."""
        return io.BytesIO(self._source) if isinstance(self._source, bytes) else self._source.open("rb")

    def __iter__(self) -> Iterator[bytes]:
        with self.open() as file:
            self.sent(0)
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
                self.sent(file.tell())

    def sent(self, count: int) -> None:
        """Report how many bytes have been sent."""
        if self._progress is not None:
            self._progress(count)


class AwaitedContent:
    """The same bytes for asyncio; a thread reads the disk."""

    def __init__(self, content: FileContent) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        file = await asyncio.to_thread(self._content.open)
        sent = 0
        try:
            self._content.sent(sent)
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield chunk
                sent += len(chunk)
                self._content.sent(sent)
        finally:
            file.close()


class WholeFile:
    """A download that replaces `target` only if its length and digest are as announced.

    Until then the bytes are in a hidden file beside `target`. If anything goes wrong, that file is removed
    and `target` stays as it was.
    """

    def __init__(self, target: Path, headers: Mapping[str, str], *, sha256: str = "") -> None:
        if target.exists() and not target.is_file():
            raise IsADirectoryError(f"{target} is not a file")
        length = headers.get("content-length", "")
        self._target = target
        self._length = int(length) if length.isdecimal() else None
        self._sha256 = (announced_sha256(headers) or sha256).lower()
        if self._length is None and not self._sha256:
            raise TransferDamaged(
                "the server sent neither the length of the download nor its digest, so it cannot be verified"
            )
        self._hash = hashlib.sha256()
        self._received = 0
        self._part = target.with_name(f".{target.name[:200]}.{secrets.token_hex(6)}.part")
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        self._file = os.fdopen(descriptor, "wb")
        return self

    def write(self, chunk: bytes) -> None:
        """Write the next bytes."""
        assert self._file is not None
        self._hash.update(chunk)
        self._received += len(chunk)
        self._file.write(chunk)

    def finish(self) -> int:
        """Verify the download, move it to `target`, and return its length in bytes."""
        if self._length is not None and self._received != self._length:
            raise TransferDamaged(
                f"the download stopped after {self._received} of {self._length} bytes; try again"
            )
        if self._sha256 and self._hash.hexdigest() != self._sha256:
            raise TransferDamaged("the download does not match its digest; try again")
        assert self._file is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.replace(self._target)
        return self._received

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
        self._part.unlink(missing_ok=True)


def announced_sha256(headers: Mapping[str, str]) -> str:
    """Return the hex SHA-256 that the headers announce (`Repr-Digest`, RFC 9530), or an empty string."""
    for part in headers.get("repr-digest", "").split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "sha-256":
            try:
                return base64.b64decode(value.strip(":"), validate=True).hex()
            except ValueError:
                return ""
    return headers.get("x-content-sha256", "")
