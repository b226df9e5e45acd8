"""Counting different values exactly, any number of them in bounded memory."""

import tempfile
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from typing import IO

_PARTS = 256
_WIDTH = 2**64 // _PARTS
_BYTES = 8


class Distinct:
    """How many different texts there were.

    Only 64-bit codes of them are kept, SipHash under a random key that Python makes at each start and that
    never leaves the process. Codes that find no room in memory wait in a file without a name, which is gone
    when the process is. That file says nothing of the texts without the key. Among 5,000,000 different
    texts the chance that any two have one code is below one in a million.
    """

    def __init__(self, *, most_in_memory: int) -> None:
        self._most = most_in_memory
        self._codes: list[int] = []
        self._file: IO[bytes] | None = None
        #: For each time that memory was full: where the codes of each part begin in the file, in codes.
        self._spills: list[array[int]] = []
        self._spilled = 0

    def add(self, texts: Iterable[str]) -> None:
        """Take note of some texts."""
        self._codes += map(hash, texts)
        if len(self._codes) > self._most:
            self._spill()

    def count(self) -> int:
        """Return how many different ones there were."""
        if self._file is None:
            return len(set(self._codes))
        self._spill()
        return sum(self._count_part(self._file, part) for part in range(_PARTS))

    def close(self) -> None:
        """Drop everything."""
        self._codes.clear()
        if self._file is not None:
            self._file.close()

    def _spill(self) -> None:
        self._codes.sort()
        codes = array("q", self._codes)
        self._codes.clear()
        # Equal codes of different times must meet again, so each time is cut into the same parts.
        lowest = -(2**63)
        begins = [bisect_left(codes, lowest + part * _WIDTH) for part in range(_PARTS)]
        self._spills.append(array("q", [self._spilled + begin for begin in (*begins, len(codes))]))
        self._spilled += len(codes)
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="smelt-")  # noqa: SIM115  closed by close
        self._file.write(codes)

    def _count_part(self, file: IO[bytes], part: int) -> int:
        seen: set[int] = set()
        for begins in self._spills:
            begin, end = begins[part], begins[part + 1]
            file.seek(begin * _BYTES)
            codes = array("q")
            codes.frombytes(file.read((end - begin) * _BYTES))
            seen.update(codes)
        return len(seen)
