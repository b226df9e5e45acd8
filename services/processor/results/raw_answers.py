"""The raw answers of a finished row, put back in the place of those that auto-fix left, and fixed again."""

from dataclasses import replace
from functools import partial, reduce
from operator import or_
from typing import Protocol

from services.common.aside import aside
from services.common.identity import Passport
from services.common.paging import PAGE_BYTES
from services.processor.answers import flags
from services.processor.answers.checks import AnswerChecks
from services.processor.jobs.errors import InvalidRowRange
from services.processor.jobs.job import FindsSnapshots
from services.processor.jobs.plan import Snapshot
from services.processor.jobs.row_result import SUCCEEDED, StoredRow
from services.processor.jobs.seal import JobSeal, RowPayload, open_seal
from services.processor.outside import OpensDataKeys, as_person
from services.processor.results.errors import RowChanged, RowNotSucceeded
from services.processor.results.pages import JobRow, opened

_TRIES = 3
#: Flags that are not about the words, or not only about the answer: they stay as they were found.
_KEPT = flags.mask(["generic", "has_thinking", "unknown_finish"])


class RowStore(Protocol):
    """Where results are kept."""

    async def page(self, job: str, first: int, last: int, *, most_bytes: int) -> list[StoredRow]: ...
    async def replace(self, job: str, row: StoredRow, *, payload: bytes, flags: int) -> bool: ...


class RawAnswers:
    """Puts raw answers back, row by row."""

    def __init__(self, jobs: FindsSnapshots, rows: RowStore, vault: OpensDataKeys) -> None:
        self._jobs = jobs
        self._rows = rows
        self._vault = vault

    async def restore(self, person: Passport, id_: str, number: int, *, fixed: bool) -> JobRow:
        """Replace a row's answers by those that the model gave, or by what auto-fix makes of them.

        Later answers of a chain stay as they are. Asking twice changes nothing more. Raises JobNotFound,
        InvalidRowRange, RowNotSucceeded, or RowChanged if others keep changing the row.
        """
        job = await self._jobs.get(person.account, id_)
        if not job.first_row <= number <= job.last_row:
            raise InvalidRowRange(first_row=str(number), last_row=str(number))
        seal = await open_seal(
            self._vault,
            account=job.account,
            job=f"jobs/{job.id}",
            wrapped_key=job.wrapped_key,
            proof=as_person(person),
        )
        sealed = await self._jobs.snapshot(person.account, id_)
        for _ in range(_TRIES):
            found = await self._rows.page(id_, number, number, most_bytes=PAGE_BYTES)
            if not found or found[0].state != SUCCEEDED:
                raise RowNotSucceeded
            change = await aside(partial(_changed, seal, sealed, found[0], fixed=fixed), account=job.account)
            if change is None:
                return (await aside(partial(opened, seal, sealed, found), account=job.account))[number]
            if await self._rows.replace(id_, found[0], payload=change.payload, flags=change.flags):
                return (await aside(partial(opened, seal, sealed, [change]), account=job.account))[number]
        raise RowChanged


def _changed(seal: JobSeal, sealed: bytes, row: StoredRow, *, fixed: bool) -> StoredRow | None:
    """Return the row with other answers; None if it has them already."""
    payload = seal.open_row(row.row, row.payload)
    if not payload.raw:
        return None
    changed = _with_answers(payload, seal.open_snapshot(sealed), fixed=fixed)
    if changed == payload:
        return None
    return replace(row, payload=seal.seal_row(row.row, changed), flags=reduce(or_, changed.flags, 0))


def _with_answers(payload: RowPayload, snapshot: Snapshot, *, fixed: bool) -> RowPayload:
    outputs, marks = [*payload.outputs], [*payload.flags]
    # Flags about the row's own values are kept, so that the values need not be read.
    blank = [""] * (len(snapshot.columns) + len(snapshot.outputs))
    place = 0
    for nth, (step, prompt, raw) in enumerate(
        zip(snapshot.steps, snapshot.prompts(), payload.raw, strict=False)
    ):
        if raw:
            settings = replace(step.settings, auto_fix_off=not fixed)
            (outputs[place],), found = AnswerChecks(settings, prompt).check([raw], blank)
            marks[nth] = (found & ~_KEPT) | (marks[nth] & _KEPT)
        place += len(step.settings.columns)
    return replace(payload, outputs=tuple(outputs), flags=tuple(marks))
