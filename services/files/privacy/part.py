"""Files' part of an account: exports facts and contents, erases rows and objects."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.common.database import Transactions
from services.common.errors import DomainError
from services.common.identity import ExportPermit
from services.common.paging import Position
from services.common.privacy import ArchiveEntry, ArchivePiece
from services.common.store.privacy_rows import erase_rows, export_rows
from services.files import models
from services.files.library.library import Library
from services.files.library.store.refused import RefusedStore
from services.files.library.stored_file import StoredFile
from services.files.objects.discards import Discards
from services.files.privacy import tables
from services.files.results.results import Results

_PAGE = 100
_BATCH = 100


class AccountObjects(Protocol):
    """An account's rows that name objects."""

    async def results(self, account: str) -> Sequence[tuple[str, str]]:
        """Return job and variant of every result file."""
        ...

    async def remove_some(self, account: str, count: int) -> list[str]:
        """Remove some rows that name objects; return the objects, which are marked for deletion."""
        ...


@dataclass(frozen=True, slots=True)
class FilesPart:
    """Everything in the bucket and the rows about it."""

    sessions: Transactions
    objects: AccountObjects
    library: Library
    results: Results
    refused: RefusedStore
    discards: Discards

    async def export(self, permit: ExportPermit) -> AsyncIterator[ArchivePiece]:
        rows = export_rows(self.sessions, models.Base.metadata, tables.TABLES, account=permit.account)
        async for piece in rows:
            yield piece
        async for file in self._files(permit):
            contents = self._file(permit, file.id)
            async for piece in _whole(f"files/{file.id}/{_in_archive(file.display_name)}", contents):
                yield piece
        for upload in await self.refused.page(permit.account):
            contents = self.library.contents(permit, upload)
            path = f"refused_uploads/{upload.id}/{_in_archive(upload.display_name)}"
            async for piece in _whole(path, contents):
                yield piece
        for job, variant in await self.objects.results(permit.account):
            contents = self._result(permit, job, variant)
            async for piece in _whole(f"results/{job.removeprefix('jobs/')}/{variant}.csv", contents):
                yield piece

    async def erase(self, account: str) -> bool:
        while removed := await self.objects.remove_some(account, _BATCH):
            await self.discards.discard_all(removed)
        return await erase_rows(self.sessions, tables.TABLES, account=account)

    async def _files(self, permit: ExportPermit) -> AsyncIterator[StoredFile]:
        after: Position | None = None
        while True:
            page = await self.library.page(permit, after, _PAGE)
            for file in page:
                yield file
            if len(page) < _PAGE:
                return
            after = Position(page[-1].create_time, page[-1].id)

    async def _file(self, permit: ExportPermit, file_id: str) -> AsyncIterator[bytes]:
        download = await self.library.download(permit, file_id)
        async for piece in download.pieces:
            yield piece

    async def _result(self, permit: ExportPermit, job: str, variant: str) -> AsyncIterator[bytes]:
        _, pieces = await self.results.read(permit, job, variant)
        async for piece in pieces:
            yield piece


#: Refusals because of which an entry ends early, and the export goes on.
_INCOMPLETE = ("FILE_DAMAGED", "FILE_LOST", "DATA_KEY_INVALID", "FILE_NOT_FOUND", "RESULT_NOT_FOUND")


async def _whole(path: str, contents: AsyncIterator[bytes]) -> AsyncIterator[ArchivePiece]:
    """Yield an entry, and after damaged contents a second one that says so; the export goes on."""
    yield ArchiveEntry(path)
    try:
        async for piece in contents:
            yield piece
    except DomainError as error:
        if error.reason not in _INCOMPLETE:
            raise
        yield ArchiveEntry(f"{path}.incomplete.txt")
        yield f"{error.reason}: {error.message}\n".encode()


def _in_archive(display_name: str) -> str:
    # The name has a folder of its own, so it need not be unique, only one that every system can unpack.
    return "".join(c if c.isalnum() or c in "-_. " else "_" for c in display_name)[:120] or "file"
