"""Receiving an upload: one pass that reads, seals and stores it; the row is written last."""

import asyncio
from collections.abc import AsyncIterable, Callable
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from functools import partial
from typing import Protocol

from services.common.errors import DeadlinePassed
from services.common.identity import Passport
from services.common.store.idempotency import digest
from services.files.data_keys import DataKeys, wiped
from services.files.errors import FileNotFound, FileTooLarge
from services.files.library.display_name import display_name
from services.files.library.form_body import BESIDES_BYTES, Body
from services.files.library.refused_uploads import Refusal, RefusedUploads, or_refusal
from services.files.library.sealed_parse import FIRST_VERSION, context_of, seal_parse, table_binding
from services.files.library.sender import Pace, Sender
from services.files.library.stored_file import (
    NO_PARSE,
    FindsFiles,
    OpenedFile,
    SealedParse,
    StoredFile,
)
from services.files.library.tables import NewTable, table_keys
from services.files.objects.discards import Discards
from services.files.objects.sealed import Objects, Written, write_sealed
from services.files.objects.stored_object import StoredObject
from services.files.parsing.places import Places
from services.files.parsing.read_file import ReadFile
from services.files.parsing.threads import ParsingThreads
from services.files.reading.dialect import RequestedFormat
from services.files.reading.reader import Limits
from services.files.threads import fed


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """The largest size, the longest duration and the least pace of an upload, and an account's most files."""

    max_bytes: int
    max_files: int
    seconds: float
    pace: Pace
    csv: Limits


@dataclass(frozen=True, slots=True)
class Upload:
    """What a request says about its upload."""

    filename: str
    body: Body
    idempotency_key: str
    requested: RequestedFormat = RequestedFormat()  # noqa: RUF009  frozen
    #: Where it comes from, as `network_of` has it.
    network: str = ""
    #: The length of the body, if it was announced.
    announced_bytes: int = 0


class NewFiles(FindsFiles, Protocol):
    """Where files are recorded."""

    async def check_room(self, account: str, most: int) -> None:
        """Raise FileLimit if the account has that many files."""
        ...

    async def add(self, file: StoredFile, sealed: SealedParse, *, key: str, content: bytes, most: int) -> str:
        """Record a file and return its id, or the id of the file that this idempotency key made before.

        Raises FileLimit if the account has `most` files.
        """
        ...


class Uploads:
    """Receives uploads: each is stored whole, with its row, or not at all."""

    def __init__(
        self,
        files: NewFiles,
        objects: Objects,
        *,
        keys: DataKeys,
        discards: Discards,
        places: Places,
        threads: ParsingThreads,
        limits: UploadLimits,
        refused: RefusedUploads,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._files = files
        self._objects = objects
        self._keys = keys
        self._discards = discards
        self._places = places
        self._threads = threads
        self._limits = limits
        self._refused = refused
        self._clock = clock
        self._new_id = new_id

    async def receive(self, person: Passport, pieces: AsyncIterable[bytes], upload: Upload) -> OpenedFile:
        """Store an upload and return the file; raise what is wrong with it.

        Raises UploadRefused when other options may read it: it is kept then.
        """
        if upload.announced_bytes > self._limits.max_bytes + BESIDES_BYTES:
            raise FileTooLarge(limit=str(self._limits.max_bytes))
        sender = Sender(self._limits.pace)
        async with self._places.reserve(person.account, network=upload.network, sender=sender):
            if not upload.idempotency_key:
                # A repeated upload makes no further file; only its content shows whether it is one.
                await self._files.check_room(person.account, self._limits.max_files)
            return await self._receive(person, sender.pieces(pieces), upload)

    async def _receive(self, person: Passport, pieces: AsyncIterable[bytes], upload: Upload) -> OpenedFile:
        file_id, object_key = self._new_id(), self._new_id()
        context = context_of(file_id)
        # Asked for now, because a long upload outlives the passport.
        data_key = await self._keys.create(person, context)
        with wiped(data_key.key) as key:
            table = NewTable(
                self._objects,
                self._new_id(),
                data_key=key,
                binding=table_binding(file_id, person.account, FIRST_VERSION),
                max_bytes=self._limits.max_bytes,
            )
            reading = partial(
                self._threads.read, limits=self._limits.csv, requested=upload.requested, keep=table.keep
            )
            work = partial(
                write_sealed,
                key=key,
                associated_data=context.binds(person.account),
                max_bytes=self._limits.max_bytes,
                read=partial(or_refusal, reading),
            )
            async with table.unless_kept(self._discards):
                written, read = await self._store(pieces, upload.body, object_key=object_key, work=work)
            stored = StoredObject(object_key, data_key.wrapped, written.size, written.sha256)
            file = StoredFile(
                id=file_id,
                account=person.account,
                display_name=display_name(upload.filename or upload.body.filename),
                create_time=self._clock(),
                object=stored,
                parse=NO_PARSE,
            )
            if not isinstance(read, ReadFile):
                raise await self._refused.keep(file, key, upload.requested, read)
            sealed = seal_parse(read, key=key, file_id=file_id, account=person.account, version=FIRST_VERSION)
        file = replace(file, parse=table.parse(read, FIRST_VERSION))
        kept, parsed = await self._record(file, sealed, upload), read.parsed
        return OpenedFile(kept, parsed.columns, parsed.sample_line, read.sheets)

    async def _store(
        self,
        pieces: AsyncIterable[bytes],
        body: Body,
        *,
        object_key: str,
        work: Callable[..., tuple[Written, ReadFile | Refusal]],
    ) -> tuple[Written, ReadFile | Refusal]:
        try:
            async with self._discards.unless_written(object_key), asyncio.timeout(self._limits.seconds):
                return await fed(
                    self._threads.executor,
                    pieces,
                    lambda arriving: work(body.file(arriving), self._objects.writer(object_key)),
                )
        except TimeoutError:
            raise DeadlinePassed from None

    async def _record(self, file: StoredFile, sealed: SealedParse, upload: Upload) -> StoredFile:
        said = (file.object.sha256, file.display_name, *map(str, astuple(upload.requested)))
        content = digest(*(part.encode() for part in said))
        async with self._discards.unless_recorded(file.object.key, *table_keys(file)):
            kept = await self._files.add(
                file, sealed, key=upload.idempotency_key, content=content, most=self._limits.max_files
            )
        if kept == file.id:
            return file
        # The same bytes under the same idempotency key: the answer is the first upload's file.
        await self._discards.discard_all([file.object.key, *table_keys(file)])
        first = await self._files.get(file.account, kept)
        if first is None:
            raise FileNotFound
        return first[0]
