"""Parsing a stored file again, in another encoding or with another delimiter, without a new upload."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Protocol

from services.common.errors import DeadlinePassed, Unavailable
from services.common.identity import Passport
from services.files.data_keys import DataKeys, opened
from services.files.errors import FileNotFound
from services.files.library.refused_uploads import REFUSALS, RefusedUploads
from services.files.library.sealed_parse import (
    FIRST_VERSION,
    binding_of,
    context_of,
    seal_parse,
    table_binding,
)
from services.files.library.stored_file import (
    NO_PARSE,
    FindsFiles,
    OpenedFile,
    Parse,
    SealedParse,
    StoredFile,
)
from services.files.library.tables import NewTable, table_keys
from services.files.objects.discards import Discards
from services.files.objects.sealed import Objects, read_all
from services.files.parsing.places import Places
from services.files.parsing.read_file import ReadFile
from services.files.parsing.threads import ParsingThreads
from services.files.reading.dialect import RequestedFormat
from services.files.reading.reader import Limits
from services.files.threads import drawn, fed

_TRIES = 5


class Parses(FindsFiles, Protocol):
    """Where files and their parses are recorded."""

    async def latest_parse(self, file_id: str) -> int:
        """Return the highest version of a file's parses."""
        ...

    async def add_refused(self, file: StoredFile, sealed: SealedParse, *, most: int) -> bool:
        """Make a file of a refused upload; return False when the upload is no longer kept."""
        ...

    async def add_parse(self, file: StoredFile, sealed: SealedParse) -> tuple[int, bool] | None:
        """Make a parse the file's current one, or an earlier one that reads the file in the same way.

        Returns the version, and whether it was added; None when another parse has taken the version. Raises
        FileNotFound when the file is gone, and ParseLimit when it has `most` parses.
        """
        ...


class Reparses:
    """Adds parses to files. Earlier ones stay unchanged, for the jobs that pinned them."""

    def __init__(
        self,
        files: Parses,
        objects: Objects,
        *,
        keys: DataKeys,
        places: Places,
        threads: ParsingThreads,
        readers: Executor,
        discards: Discards,
        limits: Limits,
        max_bytes: int,
        seconds: float,
        refused: RefusedUploads,
        most_files: int,
        new_id: Callable[[], str],
    ) -> None:
        self._files = files
        self._objects = objects
        self._keys = keys
        self._places = places
        self._threads = threads
        self._readers = readers
        self._discards = discards
        self._limits = limits
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._refused = refused
        self._most_files = most_files
        self._new_id = new_id

    async def reparse(self, person: Passport, file_id: str, requested: RequestedFormat) -> OpenedFile:
        """Read a file in the requested format and return it; make a file of a refused upload.

        Raises what is wrong with it in that format, as UploadRefused when other options may read it.
        """
        async with self._places.reserve(person.account):
            file = await self._find(person.account, file_id)
            async with opened(self._keys, person, context_of(file.id), file.object.wrapped_key) as key:
                try:
                    read, parse = await self._add(file, key, requested)
                except REFUSALS as refusal:
                    raise await self._refused.explain(file, key, requested, refusal) from None
        parsed = read.parsed
        return OpenedFile(replace(file, parse=parse), parsed.columns, parsed.sample_line, read.sheets)

    async def _find(self, account: str, file_id: str) -> StoredFile:
        found = await self._files.get(account, file_id)
        file = found[0] if found is not None else await self._refused.find(account, file_id)
        if file is None:
            raise FileNotFound
        return file

    async def _read(
        self, file: StoredFile, key: bytearray, requested: RequestedFormat, table: NewTable
    ) -> ReadFile:
        work = partial(self._threads.read, limits=self._limits, requested=requested, keep=table.keep)
        try:
            async with table.unless_kept(self._discards), asyncio.timeout(self._seconds):
                return await fed(self._threads.executor, self._pieces(file, key), work)
        except TimeoutError:
            raise DeadlinePassed from None

    async def _pieces(self, file: StoredFile, key: bytearray) -> AsyncIterator[bytes]:
        source = read_all(self._objects, file.object, key=key, associated_data=binding_of(file))
        async for piece in drawn(self._readers, source):
            yield piece

    async def _add(
        self, file: StoredFile, key: bytearray, requested: RequestedFormat
    ) -> tuple[ReadFile, Parse]:
        read: ReadFile | None = None
        refused = file.parse == NO_PARSE
        for _ in range(_TRIES):
            # The version is part of the bindings, so that one parse cannot replace another.
            version = FIRST_VERSION if refused else await self._files.latest_parse(file.id) + 1
            table = NewTable(
                self._objects,
                self._new_id(),
                data_key=key,
                binding=table_binding(file.id, file.account, version),
                max_bytes=self._max_bytes,
            )
            if read is None or read.table is not None:
                read = await self._read(file, key, requested, table)
            sealed = seal_parse(read, key=key, file_id=file.id, account=file.account, version=version)
            parsed = replace(file, parse=table.parse(read, version))
            async with self._discards.unless_recorded(*table_keys(parsed)):
                kept = await self._record(parsed, sealed, refused=refused)
            if kept == (version, True):
                return read, parsed.parse
            # Another parse reads the file in this way, or has taken the version.
            await self._discards.discard_all(table_keys(parsed))
            if kept is not None:
                return read, replace(parsed.parse, version=kept[0])
            refused = False
        raise Unavailable

    async def _record(
        self, parsed: StoredFile, sealed: SealedParse, *, refused: bool
    ) -> tuple[int, bool] | None:
        if not refused:
            return await self._files.add_parse(parsed, sealed)
        # Without the upload, another call has made a file of it, or it was deleted.
        added = await self._files.add_refused(parsed, sealed, most=self._most_files)
        return (FIRST_VERSION, True) if added else None
