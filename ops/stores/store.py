"""What a place for backups can do. Keys are names with slashes; an object is there whole or not at all."""

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol


class Sink(Protocol):
    """An object that is being written; it appears when its context ends without an error."""

    def write(self, data: bytes, /) -> int: ...

    def flush(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Stored:
    """An object of the store: its name, and its size in bytes."""

    key: str
    size: int


class Store(Protocol):
    """A place for backups. All methods block; they raise StoreUnavailable if the place does not answer."""

    def writing(self, key: str) -> AbstractContextManager[Sink]:
        """Open an object for writing; what had the name is replaced at the end."""
        ...

    def reading(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Open an object; raise NoSuchObject."""
        ...

    def listed(self, prefix: str) -> Iterator[Stored]:
        """Yield the objects whose names begin with the prefix, in the order of their names."""
        ...

    def delete(self, keys: Collection[str]) -> None:
        """Delete objects; those that are not there count as deleted."""
        ...
