"""Key material in memory: buffers that can be wiped, and a type that cannot be printed or copied."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, Self


def wipe(*buffers: bytearray) -> None:
    """Overwrite buffers with zeros."""
    for buffer in buffers:
        buffer[:] = bytes(len(buffer))


@contextmanager
def wiped(buffer: bytearray) -> Iterator[bytearray]:
    """Yield a buffer and wipe it at the end of the block."""
    try:
        yield buffer
    finally:
        wipe(buffer)


class Secret:
    """A value that only `reveal` shows: print, log, pickle, copy, JSON and `==` do not."""

    __slots__ = ("_value",)

    def __init__(self, value: bytearray) -> None:
        self._value = value

    def reveal(self) -> bytearray:
        """Return the buffer itself, not a copy; its content is gone once it is wiped."""
        return self._value

    def wipe(self) -> None:
        """Overwrite the value; the secret is empty afterwards."""
        wipe(self._value)
        self._value = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()

    def __repr__(self) -> str:
        return "Secret(****)"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret is not copied or pickled")
