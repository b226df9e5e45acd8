"""Key material in memory: in buffers that can be wiped, in a type that cannot be printed or copied."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, Self


def wipe(*buffers: bytearray) -> None:
    """Overwrite buffers with zeros."""
    for buffer in buffers:
        buffer[:] = bytes(len(buffer))


@contextmanager
def wiped(buffer: bytearray) -> Iterator[bytearray]:
    """Lend a buffer for the length of the block and wipe it afterwards."""
    try:
        yield buffer
    finally:
        wipe(buffer)


class Secret:
    """A value that shows itself to `reveal` alone: not to print, log, pickle, copy, JSON or `==`."""

    __slots__ = ("_value",)

    def __init__(self, value: bytearray) -> None:
        self._value = value

    def reveal(self) -> bytearray:
        """Return the buffer itself, no copy; it is gone once wiped."""
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
