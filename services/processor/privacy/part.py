"""The processor's part of an account: rows handed out and opened; jobs stopped, then removed."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson

from services.common import identity
from services.common.database import Transactions
from services.common.errors import DomainError
from services.common.identity import ExportPermit
from services.common.privacy import Entry, Piece
from services.common.store.privacy_rows import erase_rows, export_rows
from services.processor import models
from services.processor.answers import flags
from services.processor.jobs.row_result import FAILED, SUCCEEDED, StoredRow
from services.processor.jobs.seal import JobSeal
from services.processor.outside import Proof
from services.processor.privacy import tables

_PAGE_ROWS = 500
_COLUMNS = ("row", "state", "attempts", "reason", "flags", "confidence", "message")
_STATES = {SUCCEEDED: "SUCCEEDED", FAILED: "FAILED"}


@dataclass(frozen=True, slots=True)
class SealedJob:
    """What of a job is sealed, and under which key."""

    id: str
    first_row: int
    last_row: int
    wrapped_key: bytes
    snapshot: bytes


class OwnedJobs(Protocol):
    """Jobs of an account, all of them."""

    async def sealed(self, account: str, *, after: str, count: int) -> Sequence[SealedJob]:
        """Return jobs by id, after one."""
        ...

    async def stop(self, account: str) -> list[str]:
        """End every job that has not ended; return which. Workers leave them within half a second."""
        ...


class Rows(Protocol):
    """Where results are kept."""

    async def between(self, job: str, first: int, last: int) -> list[StoredRow]: ...


class Vault(Protocol):
    """Who opens a job's data key."""

    async def open_data_key(self, job: str, wrapped: bytes, proof: Proof) -> bytes: ...


class Changes(Protocol):
    """Where those who watch a job hear of it."""

    def announce(self, job: str, *, urgent: bool = False) -> None: ...


@dataclass(frozen=True, slots=True)
class ProcessorPart:
    """Templates, jobs and rows."""

    sessions: Transactions
    jobs: OwnedJobs
    rows: Rows
    vault: Vault
    changes: Changes

    async def export(self, permit: ExportPermit) -> AsyncIterator[Piece]:
        rows = export_rows(self.sessions, models.Base.metadata, tables.HELD, account=permit.account)
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
        return await erase_rows(self.sessions, tables.HELD, account=account)

    async def _job(self, permit: ExportPermit, job: SealedJob) -> AsyncIterator[Piece]:
        folder, name = f"jobs/{job.id}", f"jobs/{job.id}"
        try:
            key = await self.vault.open_data_key(name, job.wrapped_key, identity.metadata(permit))
            seal = JobSeal(key, permit.account, name)
            snapshot = seal.open_snapshot(job.snapshot)
            yield Entry(f"{folder}/snapshot.json")
            yield orjson.dumps(snapshot)
            yield Entry(f"{folder}/rows.csv")
            yield _lines([(*_COLUMNS, *snapshot.outputs)])
            for first in range(job.first_row, job.last_row + 1, _PAGE_ROWS):
                found = await self.rows.between(job.id, first, min(first + _PAGE_ROWS - 1, job.last_row))
                if found:
                    yield await asyncio.to_thread(_opened, found, seal)
        except DomainError as error:
            if error.reason not in ("JOB_DAMAGED", "DATA_KEY_INVALID"):
                raise
            # What is damaged does not keep the owner from the rest.
            yield Entry(f"{folder}/incomplete.txt")
            yield f"{error.reason}: {error.message}\n".encode()


def _opened(found: Sequence[StoredRow], seal: JobSeal) -> bytes:
    lines = []
    for row in found:
        payload = seal.open_row(row.row, row.payload)
        said = (
            _STATES[row.state],
            row.attempts,
            row.reason,
            " ".join(flags.names(row.flags)),
            row.confidence,
        )
        lines.append((row.row, *said, payload.message, *payload.outputs))
    return _lines(lines)


def _lines(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()
