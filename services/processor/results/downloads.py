"""Downloads: the stored file of a completed job, or a file made for this one download."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from services.common.aside import aside
from services.common.errors import DomainError
from services.common.identity import Passport
from services.processor.jobs.job import FindsSnapshots, Job, State
from services.processor.jobs.row_result import ReadsResults
from services.processor.jobs.seal import open_seal
from services.processor.outside import (
    OpensDataKeys,
    Proof,
    ReadsRows,
    ResultAbout,
    Rows,
    StoredResult,
    WritesResults,
    as_person,
)
from services.processor.results import result_file
from services.processor.results.form import Form
from services.processor.rows.source import SourceRow

#: The variant of a completed job's own result file.
WHOLE = "all"
_BLANK_ROWS = 250


class Results(ReadsResults, Protocol):
    """Where results are kept."""

    async def numbers(self, job: str, state: int) -> Sequence[int]: ...


class Files(ReadsRows, WritesResults, Protocol):
    """What a download needs from files."""

    def read_result(self, job: str, variant: str, proof: Proof) -> AsyncIterator[StoredResult | bytes]: ...


class Downloads:
    """Serves result files."""

    def __init__(
        self,
        jobs: FindsSnapshots,
        results: Results,
        *,
        files: Files,
        vault: OpensDataKeys,
        new_id: Callable[[], str],
    ) -> None:
        self._jobs = jobs
        self._results = results
        self._files = files
        self._vault = vault
        self._new_id = new_id

    async def read(self, person: Passport, id_: str, form: Form) -> AsyncIterator[StoredResult | bytes]:
        """Yield a result file's facts, then its pieces; raise JobNotFound or ResultTooLarge."""
        job = await self._jobs.get(person.account, id_)
        proof = as_person(person)
        is_there = job.state is State.COMPLETED and not job.edited and form == Form()
        variant = WHOLE if is_there else await self._spool(job, form, proof)
        parts = self._files.read_result(f"jobs/{id_}", variant, proof)
        try:
            facts = await anext(parts)
        except DomainError as error:
            if not is_there or error.reason != "RESULT_NOT_FOUND":
                raise
            # The rows are still here, so the file can be made once more.
            parts = self._files.read_result(f"jobs/{id_}", await self._spool(job, form, proof), proof)
            facts = await anext(parts)
        yield facts
        async for part in parts:
            yield part

    async def _spool(self, job: Job, form: Form, proof: Proof) -> str:
        # Stored first, so that this download also has a length and a digest to be checked against.
        name, variant = f"jobs/{job.id}", f"part-{self._new_id()}"
        seal = await open_seal(
            self._vault, account=job.account, job=name, wrapped_key=job.wrapped_key, proof=proof
        )
        chosen = None if form.rows is None else await self._results.numbers(job.id, form.rows)
        sealed = await self._jobs.snapshot(job.account, job.id)
        snapshot = await aside(lambda: seal.open_snapshot(sealed), account=job.account)
        count = job.total if chosen is None else len(chosen)
        result_file.check_size(form, snapshot, rows=count)
        pieces = result_file.pieces(
            job.id,
            snapshot,
            form=form,
            chosen=chosen,
            rows=self._rows(job, len(snapshot.columns), proof),
            results=self._results,
            seal=seal,
            account=job.account,
        )
        about = ResultAbout(job=name, variant=variant, fence=1, row_count=count, temporary=True)
        await self._files.write_result(about, pieces, proof)
        return variant

    async def _rows(self, job: Job, width: int, proof: Proof) -> AsyncIterator[Rows]:
        """Yield the file's rows, or blank ones if it was deleted, because the job's results are kept."""
        number, last = job.first_row, job.first_row + job.total - 1
        try:
            async for batch in self._files.rows(
                job.file, job.parse, first=number, count=job.total, proof=proof
            ):
                yield batch
                number = batch[-1].number + 1 if batch else number
        except DomainError as error:
            if error.reason != "FILE_NOT_FOUND":
                raise
        while number <= last:
            end = min(last, number + _BLANK_ROWS - 1)
            yield [SourceRow(each, [""] * width) for each in range(number, end + 1)]
            number = end + 1
