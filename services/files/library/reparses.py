"""Parsing a stored file again, in another encoding or with another delimiter, without a new upload."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import Protocol

from services.common.errors import DeadlinePassed, Unavailable
from services.common.identity import Passport
from services.files.data_keys import DataKeys, opened
from services.files.errors import FileNotFound
from services.files.library.refused_uploads import RefusedUploads
from services.files.library.sealed_parse import FIRST_VERSION, binding_of, context_of, seal_parse
from services.files.library.stored_file import (
    NO_PARSE,
    FindsFiles,
    OpenedFile,
    Parse,
    SealedParse,
    StoredFile,
)
from services.files.objects.sealed import Objects, read_all
from services.files.parsing.places import Places
from services.files.parsing.threads import ParsingThreads
from services.files.reading.dialect import RequestedFormat
from services.files.reading.mending import MENDABLE
from services.files.reading.reader import Limits, Parsed
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

    async def add_parse(self, file: StoredFile, sealed: SealedParse) -> int | None:
        """Make a parse the file's current one; return its version, or that of an earlier one in this format.

        Returns None when another parse has taken the version; raises FileNotFound when the file is gone.
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
        limits: Limits,
        seconds: float,
        refused: RefusedUploads,
        most_files: int,
    ) -> None:
        self._files = files
        self._objects = objects
        self._keys = keys
        self._places = places
        self._threads = threads
        self._readers = readers
        self._limits = limits
        self._seconds = seconds
        self._refused = refused
        self._most_files = most_files

    async def reparse(self, person: Passport, file_id: str, requested: RequestedFormat) -> OpenedFile:
        """Read a file in the requested format and return it; make a file of a refused upload.

        Raises what is wrong with it in that format, as UploadRefused when other options may read it.
        """
        async with self._places.reserve(person.account):
            file = await self._find(person.account, file_id)
            async with opened(self._keys, person, context_of(file.id), file.object.wrapped_key) as key:
                try:
                    parsed = await self._read(file, key, requested)
                except MENDABLE as refusal:
                    raise await self._refused.explain(file, key, requested, refusal) from None
                version = await self._record(file, parsed, key)
        parse = Parse(version, parsed.dialect, parsed.row_count)
        return OpenedFile(replace(file, parse=parse), parsed.columns, parsed.sample_line)

    async def _find(self, account: str, file_id: str) -> StoredFile:
        found = await self._files.get(account, file_id)
        file = found[0] if found is not None else await self._refused.find(account, file_id)
        if file is None:
            raise FileNotFound
        return file

    async def _record(self, file: StoredFile, parsed: Parsed, key: bytearray) -> int:
        if file.parse == NO_PARSE:
            sealed = seal_parse(parsed, key=key, file_id=file.id, account=file.account, version=FIRST_VERSION)
            read = replace(file, parse=Parse(FIRST_VERSION, parsed.dialect, parsed.row_count))
            if await self._files.add_refused(read, sealed, most=self._most_files):
                return FIRST_VERSION
            # Another call has made a file of it, or it was deleted.
        return await self._add(file, parsed, key)

    async def _read(self, file: StoredFile, key: bytearray, requested: RequestedFormat) -> Parsed:
        work = partial(self._threads.parse, limits=self._limits, requested=requested)
        try:
            async with asyncio.timeout(self._seconds):
                return await fed(self._threads.executor, self._pieces(file, key), work)
        except TimeoutError:
            raise DeadlinePassed from None

    async def _pieces(self, file: StoredFile, key: bytearray) -> AsyncIterator[bytes]:
        source = read_all(self._objects, file.object, key=key, associated_data=binding_of(file))
        async for piece in drawn(self._readers, source):
            yield piece

    async def _add(self, file: StoredFile, parsed: Parsed, key: bytearray) -> int:
        for _ in range(_TRIES):
            # The version is part of the binding, so that one parse cannot replace another.
            version = await self._files.latest_parse(file.id) + 1
            sealed = seal_parse(parsed, key=key, file_id=file.id, account=file.account, version=version)
            read = replace(file, parse=Parse(version, parsed.dialect, parsed.row_count))
            kept = await self._files.add_parse(read, sealed)
            if kept is not None:
                return kept
        raise Unavailable
