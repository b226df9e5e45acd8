"""Counting different values exactly, any number of them in bounded memory."""

import tempfile
from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import IO

_PARTS = 256
_LOW_BITS = _PARTS - 1
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
        self._in_memory = 0
        # Equal codes meet in one part, so that one part after the other can be counted. Telling them apart
        # as they come is much faster than sorting them later.
        self._parts = [array("q") for _ in range(_PARTS)]
        self._adders = [part.append for part in self._parts]
        self._file: IO[bytes] | None = None
        #: For each time that memory was full: where each part begins and ends in the file, in codes.
        self._spills: list[array[int]] = []
        self._spilled = 0

    def add(self, texts: Sequence[str]) -> None:
        """Take note of some texts."""
        adders = self._adders
        for code in map(hash, texts):
            adders[code & _LOW_BITS](code)
        self._in_memory += len(texts)
        if self._in_memory > self._most:
            self._spill()

    def count(self) -> int:
        """Return how many different ones there were."""
        if self._file is None:
            return sum(len(set(part)) for part in self._parts)
        self._spill()
        return sum(self._count_part(self._file, part) for part in range(_PARTS))

    def close(self) -> None:
        """Drop everything."""
        self._clear()
        if self._file is not None:
            self._file.close()

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="smelt-")  # noqa: SIM115  closed by close
        self._file.write(b"".join(self._parts))
        self._spills.append(array("q", accumulate(map(len, self._parts), initial=self._spilled)))
        self._spilled += self._in_memory
        self._clear()

    def _clear(self) -> None:
        for part in self._parts:
            del part[:]
        self._in_memory = 0

    def _count_part(self, file: IO[bytes], part: int) -> int:
        seen: set[int] = set()
        for bounds in self._spills:
            begin, end = bounds[part], bounds[part + 1]
            file.seek(begin * _BYTES)
            codes = array("q")
            codes.frombytes(file.read((end - begin) * _BYTES))
            seen.update(codes)
        return len(seen)
