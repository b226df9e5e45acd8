"""Archives of people's data: stored whole under a data key of their own, handed to their owner for a day."""

from collections.abc import AsyncIterable, AsyncIterator, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from services.common.errors import DomainError, InvalidRequest, Kind
from services.common.identity import ExportPermit, KeyProof, Passport
from services.files.data_keys import DataKeys, KeyContext, Purpose, wiped
from services.files.objects.discards import Discards
from services.files.objects.sealed import Objects, drain, read_all, write_sealed
from services.files.objects.stored_object import StoredObject
from services.files.threads import drawn, fed

KEPT = timedelta(hours=24)
#: As much as ten thousand parts of an upload to the store hold, with room to spare.
MOST_BYTES = 128 * 1024**3


class DataExportNotFound(DomainError):
    """The account has no such archive, or its time is over."""

    reason = "DATA_EXPORT_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Data export not found"


class DataExportStale(DomainError):
    """Somebody with a later fence has written the archive."""

    reason = "DATA_EXPORT_STALE"
    kind = Kind.CONFLICT
    message = "The data export was written by a later writer"


@dataclass(frozen=True, slots=True)
class StoredExport:
    """An archive; `name` is its resource name."""

    account: str
    name: str
    fence: int
    create_time: datetime
    object: StoredObject


class ExportFiles(Protocol):
    """Where archives are recorded."""

    async def get(self, account: str, name: str, *, since: datetime) -> StoredExport | None:
        """Return an archive that was made after a moment."""
        ...

    async def put(self, export: StoredExport) -> str | None:
        """Record an archive; return the object that it replaces; raise DataExportStale under a later one."""
        ...


class Exports:
    """Keeps one archive for each export: that of the latest fence."""

    def __init__(
        self,
        files: ExportFiles,
        objects: Objects,
        *,
        keys: DataKeys,
        discards: Discards,
        writers: Executor,
        readers: Executor,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._files = files
        self._objects = objects
        self._keys = keys
        self._discards = discards
        self._writers = writers
        self._readers = readers
        self._clock = clock
        self._new_id = new_id

    async def write(self, permit: ExportPermit, fence: int, pieces: AsyncIterable[bytes]) -> StoredExport:
        """Store an archive whole or not at all; raise DataExportStale, FileTooLarge, InvalidRequest."""
        if fence < 1:
            raise InvalidRequest(violations=[("fence", "must be at least 1")])
        context = KeyContext(Purpose.EXPORT, permit.export, fence)
        data_key = await self._keys.create(permit, context)
        object_key = self._new_id()
        with wiped(data_key.key) as key:
            work = partial(
                write_sealed,
                writer=self._objects.writer(object_key),
                key=key,
                associated_data=context.binds(permit.account),
                max_bytes=MOST_BYTES,
                read=drain,
            )
            try:
                written, _ = await fed(self._writers, pieces, work)
            except BaseException:
                await self._discards.discard(object_key)
                raise
        stored = StoredObject(object_key, data_key.wrapped, written.size, written.sha256)
        export = StoredExport(permit.account, permit.export, fence, self._clock(), stored)
        try:
            replaced = await self._files.put(export)
        except DataExportStale:
            await self._discards.discard(object_key)
            raise
        if replaced is not None:
            await self._discards.discard(replaced)
        return export

    async def read(self, person: Passport, name: str) -> tuple[StoredExport, AsyncIterator[bytes]]:
        """Return an archive and its verified bytes; raise DataExportNotFound."""
        export = await self._files.get(person.account, name, since=self._clock() - KEPT)
        if export is None:
            raise DataExportNotFound
        context = KeyContext(Purpose.EXPORT, name, export.fence)
        return export, self._pieces(export, context, person)

    async def _pieces(self, export: StoredExport, context: KeyContext, who: KeyProof) -> AsyncIterator[bytes]:
        opened = await self._keys.open(who, context, export.object.wrapped_key)
        with wiped(opened) as key:
            source = read_all(
                self._objects,
                export.object.key,
                key=key,
                associated_data=context.binds(export.account),
                size=export.object.size,
            )
            async for piece in drawn(self._readers, source):
                yield piece
