"""Export and erasure of an account: its jobs are opened for the archive, or stopped and removed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from services.common import identity
from services.common.database import Transactions
from services.common.errors import DomainError
from services.common.identity import ExportPermit
from services.common.privacy import ArchiveEntry, ArchivePiece
from services.common.store.privacy_rows import erase_rows, export_rows
from services.processor import models
from services.processor.jobs.job import AnnouncesJobs
from services.processor.jobs.row_result import ReadsResults
from services.processor.jobs.seal import open_seal, snapshot_document
from services.processor.outside import OpensDataKeys
from services.processor.privacy import exported_rows, tables

_PAGE_ROWS = 500


@dataclass(frozen=True, slots=True)
class SealedJob:
    """The sealed part of a job, and the key that it is sealed under."""

    id: str
    first_row: int
    last_row: int
    wrapped_key: bytes
    snapshot: bytes
    error_said: bytes


class AccountJobs(Protocol):
    """All jobs of an account."""

    async def sealed(self, account: str, *, after: str, count: int) -> Sequence[SealedJob]:
        """Return jobs in the order of their ids, after a given one."""
        ...

    async def stop(self, account: str) -> list[str]:
        """End every job that has not ended; return their ids. Workers leave them within half a second."""
        ...


@dataclass(frozen=True, slots=True)
class ProcessorPart:
    """Exports and erases templates, jobs and rows."""

    sessions: Transactions
    jobs: AccountJobs
    rows: ReadsResults
    vault: OpensDataKeys
    changes: AnnouncesJobs

    async def export(self, permit: ExportPermit) -> AsyncIterator[ArchivePiece]:
        rows = export_rows(self.sessions, models.Base.metadata, tables.TABLES, account=permit.account)
        async for piece in rows:
            yield piece
        after = ""
        while page := await self.jobs.sealed(permit.account, after=after, count=20):
            for job in page:
                async for piece in self._job(permit, job):
                    yield piece
            after = page[-1].id

    async def erase(self, account: str) -> bool:
        for job in await self.jobs.stop(account):
            self.changes.announce(job, urgent=True)
        return await erase_rows(self.sessions, tables.TABLES, account=account)

    async def _job(self, permit: ExportPermit, job: SealedJob) -> AsyncIterator[ArchivePiece]:
        folder, name = f"jobs/{job.id}", f"jobs/{job.id}"
        try:
            seal = await open_seal(
                self.vault,
                account=permit.account,
                job=name,
                wrapped_key=job.wrapped_key,
                proof=identity.metadata(permit),
            )
            snapshot = seal.open_snapshot(job.snapshot)
            yield ArchiveEntry(f"{folder}/snapshot.json")
            yield orjson.dumps(snapshot_document(snapshot))
            if job.error_said:
                yield ArchiveEntry(f"{folder}/provider_message.txt")
                yield seal.open_words(job.error_said).encode()
            yield ArchiveEntry(f"{folder}/rows.csv")
            yield exported_rows.header(snapshot.outputs)
            for first in range(job.first_row, job.last_row + 1, _PAGE_ROWS):
                found = await self.rows.between(job.id, first, min(first + _PAGE_ROWS - 1, job.last_row))
                if found:
                    yield await asyncio.to_thread(exported_rows.lines, found, seal)
        except DomainError as error:
            if error.reason not in ("JOB_DAMAGED", "DATA_KEY_INVALID"):
                raise
            # A damaged job must not keep the rest from its owner.
            yield ArchiveEntry(f"{folder}/incomplete.txt")
            yield f"{error.reason}: {error.message}\n".encode()
