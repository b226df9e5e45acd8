"""The one large buffer of an upload: a part of an object, filled piece by piece and read by boto3."""

import io
import mmap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class PartBuffer(io.RawIOBase):
    """The bytes of one part, for boto3 to read again and again; in memory of its own that goes back at once.

    From the heap, a buffer of this size would leave a hole there that stays with the process.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._memory = mmap.mmap(-1, size)
        self._view = memoryview(self._memory)
        self._at = 0
        self.filled = 0

    def fill(self, piece: memoryview) -> memoryview:
        """Take what there is room for; return the rest."""
        taken = min(self._size - self.filled, len(piece))
        self._view[self.filled : self.filled + taken] = piece[:taken]
        self.filled += taken
        return piece[taken:]

    def empty(self) -> None:
        self.filled = self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.filled}[whence]
        return self._at

    def readinto(self, target: "WriteableBuffer") -> int:
        into = memoryview(target)
        count = max(0, min(len(into), self.filled - self._at))
        into[:count] = self._view[self._at : self._at + count]
        self._at += count
        return count

    def release(self) -> None:
        """Give the memory back."""
        self._view.release()
        self._memory.close()
        self.close()
