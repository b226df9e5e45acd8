"""Bytes that arrive in pieces, read from mark to mark in a time that grows with their length alone."""

from collections.abc import Generator, Iterable, Iterator

from services.files.errors import FileInvalidFormat


class Marks:
    """A body in pieces. Its readers yield empty pieces where the sender pauses, as the pieces do."""

    def __init__(self, pieces: Iterable[bytes], *, before: bytes = b"") -> None:
        self._pieces = iter(pieces)
        self._held = before

    def until(self, mark: bytes) -> Iterator[bytes]:
        """Yield the bytes before a mark and step over it; raise FileInvalidFormat when there is none."""
        while (at := self._held.find(mark)) < 0:
            # The end of what is held may be the beginning of the mark.
            kept = len(self._held) - len(mark) + 1
            if kept > 0:
                yield self._held[:kept]
                self._held = self._held[kept:]
            yield from self._more()
        yield self._held[:at]
        self._held = self._held[at + len(mark) :]

    def text_until(self, mark: bytes, *, most: int) -> Generator[bytes, None, bytes]:
        """Return the bytes before a mark and step over it; raise FileInvalidFormat when they are too many."""
        found = bytearray()
        for piece in self.until(mark):
            found += piece
            if len(found) > most:
                raise FileInvalidFormat(problem=f"a head in the form has more than {most} bytes")
            yield b""
        return bytes(found)

    def begins(self, mark: bytes) -> Generator[bytes, None, bool]:
        """Return whether a mark comes next, and step over it if it does."""
        while len(self._held) < len(mark) and mark.startswith(self._held):
            yield from self._more()
        if not self._held.startswith(mark):
            return False
        self._held = self._held[len(mark) :]
        return True

    def rest(self) -> Iterator[bytes]:
        """Yield everything that is left."""
        yield self._held
        self._held = b""
        yield from self._pieces

    def _more(self) -> Iterator[bytes]:
        piece = next(self._pieces, None)
        if piece is None:
            raise FileInvalidFormat(problem="the form is cut off")
        if not piece:
            yield b""
        self._held += piece
