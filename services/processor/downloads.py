"""Downloads: the stored file of a job that is complete, or a file made for this one download."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from typing import Protocol

from services.common.identity import Passport
from services.processor import result_csv
from services.processor.job import Job, State
from services.processor.payloads import JobSeal
from services.processor.peers import Proof, ResultAbout, Rows, StoredResult, as_person

#: The variant that a complete job's own file has.
WHOLE = "all"


class JobStore(Protocol):
    """Where jobs are kept."""

    async def get(self, account: str, id_: str) -> Job: ...


class Results(result_csv.Results, Protocol):
    """Where results are kept."""

    async def numbers(self, job: str, state: int) -> Sequence[int]: ...


class Files(Protocol):
    """Who keeps rows and result files."""

    def rows(self, file: str, parse: int, *, first: int, count: int, proof: Proof) -> AsyncIterator[Rows]: ...
    async def write_result(
        self, about: ResultAbout, pieces: AsyncIterable[bytes], proof: Proof
    ) -> StoredResult: ...
    def read_result(self, job: str, variant: str, proof: Proof) -> AsyncIterator[StoredResult | bytes]: ...


class Vault(Protocol):
    """Who opens a job's data key."""

    async def open_data_key(self, job: str, wrapped: bytes, proof: Proof) -> bytes: ...


class Downloads:
    """Hands out result files."""

    def __init__(
        self,
        jobs: JobStore,
        results: Results,
        *,
        files: Files,
        vault: Vault,
        new_id: Callable[[], str],
    ) -> None:
        self._jobs = jobs
        self._results = results
        self._files = files
        self._vault = vault
        self._new_id = new_id

    async def read(
        self, person: Passport, id_: str, form: result_csv.Form
    ) -> AsyncIterator[StoredResult | bytes]:
        """Yield a result file's facts, then its pieces; raise JobNotFound."""
        job = await self._jobs.get(person.account, id_)
        proof = as_person(person)
        is_there = job.state is State.COMPLETED and form == result_csv.Form()
        variant = WHOLE if is_there else await self._spool(job, form, proof)
        async for part in self._files.read_result(f"jobs/{id_}", variant, proof):
            yield part

    async def _spool(self, job: Job, form: result_csv.Form, proof: Proof) -> str:
        # Stored first, so that this download too has a length and a digest to be checked by.
        name, variant = f"jobs/{job.id}", f"part-{self._new_id()}"
        seal = JobSeal(await self._vault.open_data_key(name, job.wrapped_key, proof), job.account, name)
        chosen = None if form.rows is None else await self._results.numbers(job.id, form.rows)
        pieces = result_csv.pieces(
            job.id,
            seal.open_snapshot(job.snapshot),
            form=form,
            chosen=chosen,
            rows=self._files.rows(job.file, job.parse, first=job.first_row, count=job.total, proof=proof),
            results=self._results,
            seal=seal,
        )
        count = job.total if chosen is None else len(chosen)
        about = ResultAbout(job=name, variant=variant, fence=1, row_count=count, temporary=True)
        await self._files.write_result(about, pieces, proof)
        return variant
