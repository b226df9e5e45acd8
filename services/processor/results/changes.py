"""Changes to the answers of a finished row, made by its owner, and never over a change of someone else."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial, reduce
from operator import or_
from typing import Protocol

from services.common.aside import aside
from services.common.identity import Passport
from services.common.paging import PAGE_BYTES
from services.processor.jobs.errors import InvalidRowRange
from services.processor.jobs.job import FindsSnapshots
from services.processor.jobs.plan import Snapshot
from services.processor.jobs.row_result import SUCCEEDED, StoredRow
from services.processor.jobs.seal import JobSeal, RowPayload, open_seal
from services.processor.outside import OpensDataKeys, as_person
from services.processor.results.errors import RowChanged, RowNotSucceeded
from services.processor.results.pages import JobRow, opened

_TRIES = 3
#: Makes the new result of a row out of its own; it takes a while, and returns the same if nothing changes.
Change = Callable[[RowPayload, Snapshot], RowPayload]


class RowStore(Protocol):
    """Where results are kept."""

    async def page(self, job: str, first: int, last: int, *, most_bytes: int) -> list[StoredRow]: ...
    async def replace(self, job: str, row: StoredRow, *, payload: bytes, flags: int) -> bool: ...


class RowChanges:
    """Changes results, row by row."""

    def __init__(self, jobs: FindsSnapshots, rows: RowStore, vault: OpensDataKeys) -> None:
        self._jobs = jobs
        self._rows = rows
        self._vault = vault

    async def apply(self, person: Passport, id_: str, number: int, change: Change) -> JobRow:
        """Change a row and return it. Asking twice changes nothing more.

        Raises JobNotFound, InvalidRowRange, RowNotSucceeded, what the change raises, or RowChanged if others
        keep changing the row.
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
            made = await aside(partial(_changed, seal, sealed, found[0], change), account=job.account)
            if made is None:
                return (await aside(partial(opened, seal, sealed, found), account=job.account))[number]
            if await self._rows.replace(id_, found[0], payload=made.payload, flags=made.flags):
                return (await aside(partial(opened, seal, sealed, [made]), account=job.account))[number]
        raise RowChanged


def _changed(seal: JobSeal, sealed: bytes, row: StoredRow, change: Change) -> StoredRow | None:
    """Return the row with other answers; None if it has them already."""
    payload = seal.open_row(row.row, row.payload)
    changed = change(payload, seal.open_snapshot(sealed))
    if changed == payload:
        return None
    return replace(row, payload=seal.seal_row(row.row, changed), flags=reduce(or_, changed.flags, 0))
