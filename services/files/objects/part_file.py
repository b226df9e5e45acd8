"""The buffer of an upload: one part of a sealed object, on its way to the object store."""

import io
import os
import tempfile
from typing import IO, cast

#: boto3 reads a few KiB at a time, and after each read it waits for the interpreter among parsing threads.
#: Larger blocks take more memory for each part that is sent.
_BLOCK_BYTES = 1024 * 1024


class PartFile:
    """The bytes of one part, which boto3 can read repeatedly; only ciphertext, so it may be on the disk.

    It is a file without a name, which disappears with the process. In memory, parts would be most of what an
    upload takes. A part is sent so soon after it is written that few reach the disk beneath the page cache.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._file = tempfile.TemporaryFile(prefix="smelt-", buffering=0)  # noqa: SIM115  closed by release
        self._filled = 0

    def fill(self, piece: memoryview) -> memoryview:
        """Write as much as there is room for; return the rest. Raises OSError when the disk is full."""
        taken = piece[: self._size - self._filled]
        rest = taken
        while rest:
            rest = rest[os.write(self._file.fileno(), rest) :]
        self._filled += len(taken)
        return piece[len(taken) :]

    def empty(self) -> None:
        self._file.seek(0)
        self._filled = 0

    def body(self) -> IO[bytes]:
        """Return what was written, as a file at its beginning."""
        # An earlier part may have been longer.
        self._file.truncate(self._filled)
        self._file.seek(0)
        return cast(IO[bytes], _Blocks(self._file.fileno(), closefd=False))

    def release(self) -> None:
        """Close the file, which frees its space."""
        self._file.close()


class _Blocks(io.FileIO):
    """A file that reads large blocks, even when a small piece is asked for."""

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = -1 if size is None or size < 0 else max(size, _BLOCK_BYTES)
        return super().read(wanted)
