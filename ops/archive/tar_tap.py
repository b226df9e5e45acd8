"""Catches one small file of a tar stream while the stream passes by; the rest is not kept."""

from typing import Protocol

_BLOCK = 512
_LONGEST = 1 << 30


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int = -1, /) -> bytes: ...


class Tapped:
    """A tar stream that gives on what it reads, and keeps the content of the member named `wanted`."""

    def __init__(self, source: Readable, wanted: str) -> None:
        self._source = source
        self._wanted = wanted.encode()
        self._head = bytearray()
        self._skip = 0
        self._catch = 0
        self.caught = bytearray()
        self.size = 0

    def read(self, size: int = -1, /) -> bytes:
        data = self._source.read(size)
        self.size += len(data)
        self._feed(memoryview(data))
        return data

    def _feed(self, data: memoryview) -> None:
        while data:
            if self._catch:
                taken = data[: self._catch]
                self.caught += taken
                self._catch -= len(taken)
            elif self._skip:
                taken = data[: self._skip]
                self._skip -= len(taken)
            else:
                taken = data[: _BLOCK - len(self._head)]
                self._head += taken
                if len(self._head) == _BLOCK:
                    self._member(bytes(self._head))
                    self._head.clear()
            data = data[len(taken) :]

    def _member(self, head: bytes) -> None:
        if head == bytes(_BLOCK):
            return
        field = head[124:136]
        # Sizes from 8 GiB on are binary.
        size = int.from_bytes(field[1:], "big") if field[0] & 0x80 else int(field.rstrip(b"\0 ") or b"0", 8)
        padding = -size % _BLOCK
        if head[:100].rstrip(b"\0") == self._wanted and size <= _LONGEST:
            self.caught.clear()
            self._catch, self._skip = size, padding
        else:
            self._skip = size + padding
