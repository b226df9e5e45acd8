"""Counting any number of distinct values exactly, in bounded memory."""

import tempfile
from array import array
from collections.abc import Sequence
from itertools import accumulate
from typing import IO

_PARTS = 256
_LOW_BITS = _PARTS - 1
_BYTES = 8


class Distinct:
    """Counts distinct texts.

    It keeps only 64-bit codes of the texts: SipHash under a random key that Python makes at each start and
    that never leaves the process. Codes that do not fit into memory go to a file without a name, which
    disappears with the process. Without the key, the file reveals nothing of the texts. Among 5,000,000
    distinct texts, the chance that any two share a code is below one in a million.
    """

    def __init__(self, *, most_in_memory: int) -> None:
        self._most = most_in_memory
        self._in_memory = 0
        # Equal codes are in the same part, so parts can be counted one after the other. Assigning codes to
        # parts as they arrive is much faster than sorting them later.
        self._parts = [array("q") for _ in range(_PARTS)]
        self._adders = [part.append for part in self._parts]
        self._file: IO[bytes] | None = None
        #: For each spill: where each part begins and ends in the file, in codes.
        self._spills: list[array[int]] = []
        self._spilled = 0

    def add(self, texts: Sequence[str]) -> None:
        """Add some texts."""
        adders = self._adders
        for code in map(hash, texts):
            adders[code & _LOW_BITS](code)
        self._in_memory += len(texts)
        if self._in_memory > self._most:
            self._spill()

    def count(self) -> int:
        """Return how many distinct texts were added."""
        if self._file is None:
            return sum(len(set(part)) for part in self._parts)
        self._spill()
        return sum(self._count_part(self._file, part) for part in range(_PARTS))

    def close(self) -> None:
        """Free the memory and the file."""
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
