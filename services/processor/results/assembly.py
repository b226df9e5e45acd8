"""The last step of a job: all results into one file, kept by the files service, and the job is complete."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Protocol

from services.common.errors import DomainError
from services.common.logs import describe, log
from services.processor.jobs.announcements import Announcements
from services.processor.jobs.seal import JobSeal
from services.processor.outside import Proof, ResultAbout, Rows, StoredResult, by_grant
from services.processor.results import csv_file
from services.processor.results.downloads import WHOLE
from services.processor.results.finished import Assembly
from services.processor.results.store.assembly import AssemblyStore
from services.processor.rows.endings import Again, Fail, Pause, TryAgain, ending_of
from services.processor.rows.store.shards import ShardStore


class Files(Protocol):
    """Who keeps rows and result files."""

    def rows(self, file: str, parse: int, *, first: int, count: int, proof: Proof) -> AsyncIterator[Rows]: ...
    async def write_result(
        self, about: ResultAbout, pieces: AsyncIterable[bytes], proof: Proof
    ) -> StoredResult: ...


class Vault(Protocol):
    """Who opens a job's data key and ends its grant."""

    async def open_data_key(self, job: str, wrapped: bytes, proof: Proof) -> bytes: ...
    async def revoke_grant(self, grant_id: str, account: str) -> None: ...


class Assembler:
    """Assembles result files. Dying at any line is harmless: a later fence writes the file anew."""

    def __init__(
        self,
        store: AssemblyStore,
        jobs: ShardStore,
        *,
        results: csv_file.Results,
        files: Files,
        vault: Vault,
        announcements: Announcements,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._results = results
        self._files = files
        self._vault = vault
        self._announcements = announcements

    async def run(self, job: str) -> None:
        """Complete a job whose rows are all done; raise TryAgain when the queue shall bring it back."""
        assembly = await self._store.claim(job)
        if assembly is None:
            return
        try:
            stored = await self._write(assembly)
        except DomainError as error:
            await self._refused(assembly, error)
            return
        if await self._store.complete(assembly, size=stored.size_bytes, sha256=stored.sha256):
            log.info("job.completed", job=job, rows=stored.row_count)
            self._announcements.announce(job, urgent=True)
            await self._revoke(assembly)

    async def _write(self, assembly: Assembly) -> StoredResult:
        name, proof = f"jobs/{assembly.job}", by_grant(assembly.grant)
        key = await self._vault.open_data_key(name, assembly.wrapped_key, proof)
        seal = JobSeal(key, assembly.account, name)
        count = assembly.last_row - assembly.first_row + 1
        pieces = csv_file.pieces(
            assembly.job,
            seal.open_snapshot(assembly.snapshot),
            form=csv_file.Form(),
            chosen=None,
            rows=self._files.rows(
                assembly.file, assembly.parse, first=assembly.first_row, count=count, proof=proof
            ),
            results=self._results,
            seal=seal,
        )
        about = ResultAbout(job=name, variant=WHOLE, fence=assembly.fence, row_count=count)
        return await self._files.write_result(about, pieces, proof)

    async def _refused(self, assembly: Assembly, error: DomainError) -> None:
        job = assembly.job
        if error.reason == "RESULT_STALE":
            # Somebody with a later fence writes the file.
            return
        match ending_of(error):
            case Pause(pause, reason, message):
                await self._jobs.pause(job, pause, grant=assembly.grant, reason=reason, message=message)
            case Fail(reason, message):
                await self._jobs.fail(job, reason=reason, message=message)
            case Again(seconds):
                raise TryAgain(seconds)
        self._announcements.announce(job, urgent=True)

    async def _revoke(self, assembly: Assembly) -> None:
        try:
            await self._vault.revoke_grant(assembly.grant_id, assembly.account)
        except DomainError as error:
            # It ends by itself, and its job is done.
            log.warning("grant.not_revoked", grant=assembly.grant_id, **describe(error))
