"""Sealed objects: written in a single pass, read whole or in part; no unverified byte is handed on."""

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from operator import add
from typing import Protocol, TypeVar

from services.common.sealing import FILE_HEADER, FileOpener, FileSealer, SealBroken, plain_start, sealed_size
from services.files.errors import FileDamaged, FileLost, FileTooLarge
from services.files.objects.stored_object import StoredObject

#: The largest piece that is handed on. Larger pieces keep a thread busy longer at a time; smaller ones cost
#: more calls for each byte.
PIECE_BYTES = 256 * 1024

T = TypeVar("T")
#: Makes one piece of two.
Join = Callable[[bytes, bytes], bytes]


class ObjectMissing(Exception):
    """The store has no such object."""


class ObjectWriter(Protocol):
    """An object that appears whole at `finish`, or never."""

    def write(self, piece: memoryview) -> None: ...

    def end(self) -> None:
        """Say that nothing more will be written, so that the last part can be sent."""
        ...

    def finish(self) -> None: ...

    def abort(self) -> None: ...


class ObjectReader(Protocol):
    """Bytes of an object, in order. `length` is the whole object's, if the store tells it."""

    length: int | None

    def read(self, count: int) -> bytes: ...

    def close(self) -> None: ...


class Objects(Protocol):
    """The object store; its methods block, so call them in threads. Raises Unavailable and ObjectMissing."""

    def writer(self, key: str) -> ObjectWriter: ...

    def reader(self, key: str, start: int = 0, stop: int | None = None) -> ObjectReader: ...

    def delete(self, key: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Written:
    """Size and digest of the plaintext that was sealed."""

    size: int
    sha256: str


def write_sealed(
    pieces: Iterable[bytes],
    writer: ObjectWriter,
    *,
    key: bytearray,
    associated_data: bytes,
    max_bytes: int,
    read: Callable[[Iterator[bytes]], T],
) -> tuple[Written, T]:
    """Seal and store a file while `read` looks at all of it; on any failure nothing is stored."""
    digest, size, whole = hashlib.sha256(), 0, False

    def passing(sealer: FileSealer) -> Iterator[bytes]:
        nonlocal size, whole
        for piece in _cut(pieces):
            size += len(piece)
            if size > max_bytes:
                raise FileTooLarge(limit=str(max_bytes))
            digest.update(piece)
            sealer.write(piece)
            yield piece
        sealer.finish()
        # The last part is sent while the reader finishes.
        writer.end()
        whole = True

    try:
        found = read(passing(FileSealer(key, associated_data, sink=writer.write)))
        assert whole
        writer.finish()
    except BaseException:
        writer.abort()
        raise
    return Written(size, digest.hexdigest()), found


def drain(pieces: Iterator[bytes]) -> None:
    """Read nothing out of the pieces: for objects that are only stored."""
    for _ in pieces:
        pass


def read_all(
    objects: Objects, stored: StoredObject, *, key: bytearray, associated_data: bytes
) -> Generator[bytes, None, None]:
    """Yield the verified plaintext; raise FileDamaged or FileLost instead of the first bad piece."""
    with _damage():
        reader = objects.reader(stored.key)
        try:
            if reader.length is not None and reader.length != sealed_size(stored.size):
                raise SealBroken("the object has the wrong length")
            opener = FileOpener(key, associated_data, header=_exactly(reader, FILE_HEADER), size=stored.size)
            for index in range(opener.count):
                yield _open(opener, reader, index)
            if reader.read(1):
                raise SealBroken("the object goes on after its end")
        finally:
            reader.close()


def read_range(
    objects: Objects,
    stored: StoredObject,
    *,
    key: bytearray,
    associated_data: bytes,
    start: int,
    stop: int,
) -> Generator[bytes, None, None]:
    """Yield the verified plaintext bytes [start, stop), fetching only the segments that hold them."""
    with _damage():
        head = objects.reader(stored.key, 0, FILE_HEADER)
        try:
            opener = FileOpener(key, associated_data, header=_exactly(head, FILE_HEADER), size=stored.size)
        finally:
            head.close()
        wanted = opener.segments(start, stop)
        if not wanted:
            return
        reader = objects.reader(stored.key, opener.extent(wanted[0])[0], opener.extent(wanted[-1])[1])
        try:
            at = plain_start(wanted[0])
            for index in wanted:
                piece = _open(opener, reader, index)
                yield piece[max(0, start - at) : stop - at]
                at += len(piece)
        finally:
            reader.close()


def in_pairs(pieces: Generator[bytes, None, None], join: Join = add) -> Generator[bytes, None, None]:
    """Join pieces two by two, to save messages; pieces before a failure are still yielded first."""
    with closing(pieces):
        for first in pieces:
            try:
                second = next(pieces, b"")
            except Exception:
                yield join(first, b"")
                raise
            yield join(first, second)


@contextmanager
def _damage() -> Iterator[None]:
    try:
        yield
    except SealBroken:
        raise FileDamaged from None
    except ObjectMissing:
        raise FileLost from None


def _open(opener: FileOpener, reader: ObjectReader, index: int) -> bytes:
    start, stop = opener.extent(index)
    return opener.open(index, _exactly(reader, stop - start))


def _exactly(reader: ObjectReader, count: int) -> bytes:
    piece = reader.read(count)
    if len(piece) == count:
        return piece
    found = bytearray(piece)
    while len(found) < count:
        piece = reader.read(count - len(found))
        if not piece:
            raise SealBroken("the object is too short")
        found += piece
    return bytes(found)


def _cut(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        if len(piece) <= PIECE_BYTES:
            yield piece
            continue
        view = memoryview(piece)
        for start in range(0, len(piece), PIECE_BYTES):
            yield bytes(view[start : start + PIECE_BYTES])
