"""Archives of people's data: each stored whole under its own data key, for its owner, for a day."""

from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.common.errors import DomainError, InvalidRequest, Kind
from services.common.identity import ExportPermit, Passport
from services.files.data_keys import KeyContext, Purpose
from services.files.objects.discards import Discards
from services.files.objects.keyed import KeyedObjects
from services.files.objects.stored_object import StoredObject

KEPT = timedelta(hours=24)
#: S3 allows 10,000 parts in an upload: 156 GiB at 16 MiB each. With a limit above that, an archive would fail
#: only after everything was sent.
MOST_BYTES = 128 * 1024**3


class DataExportNotFound(DomainError):
    """The account has no such data export, or its archive is older than 24 hours."""

    reason = "DATA_EXPORT_NOT_FOUND"
    kind = Kind.NOT_FOUND
    message = "Data export not found"


class DataExportStale(DomainError):
    """A writer with a later fence has stored the archive."""

    reason = "DATA_EXPORT_STALE"
    kind = Kind.CONFLICT
    message = "A writer with a later fence has stored this data export"


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
        """Return an archive that was made after `since`."""
        ...

    async def put(self, export: StoredExport) -> str | None:
        """Record an archive; return the object that it replaces; raise DataExportStale after a later one."""
        ...


class Exports:
    """Keeps one archive for each export: the one with the latest fence."""

    def __init__(
        self,
        files: ExportFiles,
        objects: KeyedObjects,
        *,
        discards: Discards,
        clock: Callable[[], datetime],
    ) -> None:
        self._files = files
        self._objects = objects
        self._discards = discards
        self._clock = clock

    async def write(self, permit: ExportPermit, fence: int, pieces: AsyncIterable[bytes]) -> StoredExport:
        """Store an archive whole or not at all; raise DataExportStale, FileTooLarge, InvalidRequest."""
        if fence < 1:
            raise InvalidRequest(violations=[("fence", "must be at least 1")])
        stored = await self._objects.write(
            permit, _context(permit.export, fence), pieces, max_bytes=MOST_BYTES
        )
        export = StoredExport(permit.account, permit.export, fence, self._clock(), stored)
        async with self._discards.unless_recorded(stored.key):
            replaced = await self._files.put(export)
        if replaced is not None:
            await self._discards.discard(replaced)
        return export

    async def read(self, person: Passport, name: str) -> tuple[StoredExport, AsyncIterator[bytes]]:
        """Return an archive and its verified bytes; raise DataExportNotFound."""
        export = await self._files.get(person.account, name, since=self._clock() - KEPT)
        if export is None:
            raise DataExportNotFound
        return export, await self._objects.read(person, _context(name, export.fence), export.object)


def _context(name: str, fence: int) -> KeyContext:
    return KeyContext(Purpose.EXPORT, name, fence)
