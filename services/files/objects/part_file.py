"""What an upload piles up: a part of a sealed object, on its way to the store."""

import io
import os
import tempfile
from typing import IO, cast

#: A sender that asks for a few KiB at a time would wait for its turn among parsing threads each time.
_BLOCK_BYTES = 1024 * 1024


class PartFile:
    """The bytes of one part, for boto3 to read again and again; ciphertext alone, so the disk may see it.

    It is a file without a name, gone when the process is. In memory, parts would be most of what an upload
    holds. Here they are written and sent so soon after one another that few reach the disk beneath its cache.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._file = tempfile.TemporaryFile(prefix="smelt-", buffering=0)  # noqa: SIM115  closed by release
        self._filled = 0

    def fill(self, piece: memoryview) -> memoryview:
        """Take what there is room for; return the rest. Raises OSError when the disk is full."""
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
        """Return what was filled in, as a file at its beginning."""
        # An earlier part may have been longer.
        self._file.truncate(self._filled)
        self._file.seek(0)
        return cast(IO[bytes], _Blocks(self._file.fileno(), closefd=False))

    def release(self) -> None:
        """Give the room back."""
        self._file.close()


class _Blocks(io.FileIO):
    """A file that is read in large blocks, however small the pieces are that are asked for."""

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = -1 if size is None or size < 0 else max(size, _BLOCK_BYTES)
        return super().read(wanted)
