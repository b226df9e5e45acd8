"""The assembly of a job: it writes all results into one file in the files service and completes the job."""

from dataclasses import replace
from typing import Protocol

from services.common.aside import aside
from services.common.errors import DomainError
from services.common.logs import log
from services.processor.jobs.announcements import Announcements
from services.processor.jobs.grants import end_grant
from services.processor.jobs.row_result import ReadsResults
from services.processor.jobs.seal import open_seal
from services.processor.opened_grants import OpenedGrants
from services.processor.outside import (
    OpensDataKeys,
    ReadsRows,
    ResultAbout,
    RevokesGrants,
    StoredResult,
    WritesResults,
    by_grant,
)
from services.processor.results import result_file
from services.processor.results.downloads import WHOLE
from services.processor.results.finished import Assembly
from services.processor.results.form import Form
from services.processor.results.store.assembly import AssemblyStore
from services.processor.rows.endings import Again, Fail, Pause, TryAgain, ending_of, service_down
from services.processor.rows.shards import MOST_CLAIMS
from services.processor.rows.store.shards import ShardStore

_GIVEN_UP = "The result file could not be written, however often it was tried; the rows keep their results"


class Files(ReadsRows, WritesResults, Protocol):
    """What an assembly needs from files."""


class Vault(OpensDataKeys, RevokesGrants, Protocol):
    """What an assembly needs from the vault."""


class Assembler:
    """Assembles result files. A crash at any line is harmless: the next holder writes the file anew."""

    def __init__(
        self,
        store: AssemblyStore,
        jobs: ShardStore,
        *,
        results: ReadsResults,
        files: Files,
        vault: Vault,
        grants: OpenedGrants,
        announcements: Announcements,
        patience_seconds: float,
    ) -> None:
        """A job pauses after `patience_seconds` in which one of our own services was away."""
        self._patience_seconds = patience_seconds
        self._store = store
        self._jobs = jobs
        self._results = results
        self._files = files
        self._vault = vault
        self._grants = grants
        self._announcements = announcements

    async def assemble(self, job: str) -> None:
        """Complete a job whose rows are all done; raise TryAgain if the queue must run it again."""
        assembly = await self._store.claim(job)
        if assembly is None:
            return
        if assembly.begun > MOST_CLAIMS:
            log.error("assembly.given_up", job=job, begun=assembly.begun)
            await self._jobs.fail(job, reason="WORKER_FAILED", message=_GIVEN_UP)
            self._announcements.announce(job, urgent=True)
            return
        try:
            grant = await self._grants.open(assembly.sealed_grant, older=assembly.grant)
            assembly = replace(assembly, grant=grant)
            stored = await self._write(assembly)
        except DomainError as error:
            await self._refused(assembly, error)
            return
        if await self._store.complete(assembly, size=stored.size_bytes, sha256=stored.sha256):
            log.info("job.completed", job=job, rows=stored.row_count)
            self._announcements.announce(job, urgent=True)
            await end_grant(self._vault, assembly.grant_id, by_grant(assembly.grant))

    async def _write(self, assembly: Assembly) -> StoredResult:
        name, proof = f"jobs/{assembly.job}", by_grant(assembly.grant)
        seal = await open_seal(
            self._vault, account=assembly.account, job=name, wrapped_key=assembly.wrapped_key, proof=proof
        )
        count = assembly.last_row - assembly.first_row + 1
        snapshot = await aside(lambda: seal.open_snapshot(assembly.snapshot), account=assembly.account)
        pieces = result_file.pieces(
            assembly.job,
            snapshot,
            form=Form(),
            chosen=None,
            rows=self._files.rows(
                assembly.file, assembly.parse, first=assembly.first_row, count=count, proof=proof
            ),
            results=self._results,
            seal=seal,
            account=assembly.account,
        )
        about = ResultAbout(job=name, variant=WHOLE, fence=assembly.fence, row_count=count)
        return await self._files.write_result(about, pieces, proof)

    async def _refused(self, assembly: Assembly, error: DomainError) -> None:
        job = assembly.job
        ending = ending_of(error)
        if error.reason == "RESULT_STALE":
            known = error.metadata.get("fence", "")
            if not await self._store.outdo(assembly, int(known) if known.isdecimal() else 0):
                # A worker with a higher fence writes the file.
                return
            ending = Again(0)
        if isinstance(ending, Again):
            await self._store.put_off(assembly)
            if ending.reason and await self._jobs.waited(job) > self._patience_seconds:
                ending = service_down(ending.reason)
        match ending:
            case Pause(pause, reason, message):
                await self._jobs.pause(job, pause, grant=assembly.grant_id, reason=reason, message=message)
            case Fail(reason, message):
                await self._jobs.fail(job, reason=reason, message=message)
            case Again(seconds):
                raise TryAgain(seconds)
        self._announcements.announce(job, urgent=True)
