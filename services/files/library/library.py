"""The files of an account: finding, listing, reading and deleting them."""

from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from operator import add
from typing import Protocol

from services.common.identity import ExportPermit, JobGrant, Passport
from services.common.paging import Position
from services.files.data_keys import DataKeys, Proof, opened, wiped
from services.files.errors import FileDamaged, FileNotFound, GrantInvalid
from services.files.library.byte_range import ALL, Span, Wanted
from services.files.library.row_reader import RowRange, batches
from services.files.library.sealed_parse import (
    binding_of,
    context_of,
    open_columns,
    open_index,
    open_profile,
    open_sample,
    open_sheets,
)
from services.files.library.stored_file import FindsFiles, NumberedRow, OpenedFile, SealedParse, StoredFile
from services.files.objects.discards import Discards
from services.files.objects.sealed import Join, Objects, in_pairs, read_all, read_range
from services.files.profiling.profile import Profile
from services.files.threads import drawn

#: Pairs of pieces that a thread reads for a download at a time; as many may wait for the client. More take
#: more memory for each download, 512 KiB a pair; fewer make it wait for a thread more often.
_PAIRS_AT_ONCE = 2


class Files(FindsFiles, Protocol):
    """Where files are recorded."""

    async def page(self, account: str, after: Position | None, count: int) -> list[StoredFile]:
        """Return files, newest first."""
        ...

    async def is_there(self, account: str, file_id: str) -> bool:
        """Whether the account has this file; it costs one look into an index."""
        ...

    async def remove(self, account: str, file_id: str) -> list[str]:
        """Remove a file; return the keys of its objects, which are marked for deletion; [] without one."""
        ...


@dataclass(frozen=True, slots=True)
class Download:
    """A file and its verified bytes, all of them or the requested range."""

    file: StoredFile
    span: Span
    pieces: AsyncIterator[bytes]


class Library:
    """What people, and work under a grant, may do with stored files."""

    def __init__(
        self, files: Files, objects: Objects, *, keys: DataKeys, discards: Discards, executor: Executor
    ) -> None:
        self._files = files
        self._objects = objects
        self._keys = keys
        self._discards = discards
        self._executor = executor

    async def get(self, person: Passport, file_id: str) -> OpenedFile:
        """Return a file and the names of its columns."""
        file, sealed = await self._find(person, file_id)
        async with self._opened(person, file) as key:
            return OpenedFile(
                file,
                open_columns(file, sealed, key),
                sample_line=open_sample(file, sealed, key),
                sheets=open_sheets(file, sealed, key),
            )

    async def profile(self, person: Passport, file_id: str) -> tuple[OpenedFile, Profile]:
        """Return a file and the profile of its current parse."""
        file, sealed = await self._find(person, file_id)
        async with self._opened(person, file) as key:
            profile = open_profile(file, sealed, key)
            opened = OpenedFile(file, open_columns(file, sealed, key), open_sample(file, sealed, key))
            return opened, profile

    async def page(
        self, person: Passport | ExportPermit, after: Position | None, count: int
    ) -> list[StoredFile]:
        """Return up to `count` files after a position, newest first. Column names stay sealed."""
        return await self._files.page(person.account, after, count)

    async def delete(self, person: Passport, file_id: str) -> None:
        """Remove a file. Its data key goes with the row, so its bytes are unreadable from then on."""
        object_keys = await self._files.remove(person.account, file_id)
        if not object_keys:
            raise FileNotFound
        await self._discards.release(object_keys)

    async def download(
        self,
        person: Passport | ExportPermit,
        file_id: str,
        wanted: Wanted = ALL,
        *,
        join_of: Callable[[StoredFile], Join] = lambda _: add,
    ) -> Download:
        """Return the uploaded bytes in messages of two joined pieces; raise RangeNotSatisfiable."""
        file, _ = await self._find(person, file_id)
        size = file.object.size
        span = wanted.of(size, etag(file)) or Span(0, size, size)
        key = await self._open(person, file)
        return Download(file, span, self._pieces(file, key, span, join_of(file)))

    async def contents(self, proof: ExportPermit, file: StoredFile) -> AsyncIterator[bytes]:
        """Yield the bytes of an upload that was refused and is kept."""
        size = file.object.size
        async for piece in self._pieces(file, await self._open(proof, file), Span(0, size, size), add):
            yield piece

    async def read_rows(
        self, proof: Proof, file_id: str, wanted: RowRange, *, parse: int | None, batch_rows: int
    ) -> AsyncIterator[list[NumberedRow]]:
        """Yield the existing rows of a range in batches, read by the given parse or the current one."""
        if isinstance(proof, JobGrant):
            _check_grant(proof, file_id, wanted, parse=parse)
        file, sealed = await self._find(proof, file_id, parse=parse)
        async with self._opened(proof, file) as key:
            index = open_index(file, sealed, key)
            source = batches(self._objects, file, key=key, index=index, wanted=wanted, batch_rows=batch_rows)
            async with self._or_deleted(file):
                async for batch in drawn(self._executor, source):
                    yield batch

    async def check(self, proof: Proof, file_id: str) -> None:
        """Raise FileNotFound if the file is gone, or GrantInvalid for a grant of another file."""
        if isinstance(proof, JobGrant) and proof.file != f"files/{file_id}":
            raise GrantInvalid
        if not await self._files.is_there(proof.account, file_id):
            raise FileNotFound

    async def _pieces(
        self, file: StoredFile, data_key: bytearray, span: Span, join: Join
    ) -> AsyncIterator[bytes]:
        with wiped(data_key) as key:
            read = read_all
            if not span.is_whole:
                read = partial(read_range, start=span.start, stop=span.stop)
            source = read(self._objects, file.object, key=key, associated_data=binding_of(file))
            async with self._or_deleted(file):
                async for piece in drawn(self._executor, in_pairs(source, join), at_once=_PAIRS_AT_ONCE):
                    yield piece

    @asynccontextmanager
    async def _or_deleted(self, file: StoredFile) -> AsyncIterator[None]:
        """Raise FileNotFound instead of FileDamaged when the file was deleted while it was read."""
        try:
            yield
        except FileDamaged:
            await self._find_again(file)
            raise

    async def _find_again(self, file: StoredFile) -> None:
        if await self._files.get(file.account, file.id) is None:
            raise FileNotFound from None

    async def _find(
        self, proof: Proof, file_id: str, *, parse: int | None = None
    ) -> tuple[StoredFile, SealedParse]:
        found = await self._files.get(proof.account, file_id, parse=parse)
        if found is None:
            raise FileNotFound
        return found

    def _opened(self, proof: Proof, file: StoredFile) -> AbstractAsyncContextManager[bytearray]:
        return opened(self._keys, proof, context_of(file.id), file.object.wrapped_key)

    async def _open(self, proof: Proof, file: StoredFile) -> bytearray:
        return await self._keys.open(proof, context_of(file.id), file.object.wrapped_key)


def etag(file: StoredFile) -> str:
    """Return the entity tag of the file's bytes (RFC 9110, section 8.8.3)."""
    return f'"{file.object.sha256}"'


def _check_grant(grant: JobGrant, file_id: str, wanted: RowRange, *, parse: int | None) -> None:
    named = grant.file == f"files/{file_id}" and grant.parse == parse
    if not named or wanted.first < grant.first_row or wanted.last > grant.last_row:
        raise GrantInvalid
