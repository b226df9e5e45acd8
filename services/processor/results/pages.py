"""The rows of a job in pages, in file order, by what became of them."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from services.common.errors import DomainError, Kind
from services.common.identity import Passport
from services.common.paging import PageTokenInvalid
from services.processor.answers import flags
from services.processor.jobs.job import FindsJobs, Job
from services.processor.jobs.row_result import FAILED, SUCCEEDED, ReadsResults, StoredRow
from services.processor.jobs.seal import open_seal
from services.processor.outside import OpensDataKeys, as_person


class FilterInvalid(DomainError):
    reason = "FILTER_INVALID"
    kind = Kind.INVALID
    message = "The filter must be `state = ...`, `flag = ...`, or several of them joined by AND"


_CLAUSE = re.compile(r"(state|flag)\s*=\s*(\"?)(\w+)\2")
_AND = re.compile(r"\s+AND\s+")


class RowState(Enum):
    """What became of a row."""

    PENDING = 0
    SUCCEEDED = SUCCEEDED
    FAILED = FAILED


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows a filter asks for: those in a state (None for any) with all of some flags."""

    state: RowState | None = None
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """A flag, and the output column whose answer has it."""

    flag: str
    column: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """A row of a job as its owner sees it."""

    number: int
    state: RowState
    attempts: int = 0
    outputs: tuple[tuple[str, str], ...] = ()
    flags: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    #: None while there is no result.
    confidence: int | None = None
    reason: str = ""
    message: str = ""


class RowStore(ReadsResults, Protocol):
    """Where results are kept."""

    async def matching(
        self, job: str, states: Sequence[int], *, flags: int, after: int, count: int
    ) -> list[StoredRow]: ...
    async def pending(self, job: str, *, after: int, last: int, count: int) -> list[int]: ...


class JobRows:
    """Lists rows of jobs."""

    def __init__(self, jobs: FindsJobs, rows: RowStore, vault: OpensDataKeys) -> None:
        self._jobs = jobs
        self._rows = rows
        self._vault = vault

    async def page(
        self, person: Passport, id_: str, *, wanted: str, token: str, count: int
    ) -> tuple[list[JobRow], str]:
        """Return a page and the token of the next; raise JobNotFound, FilterInvalid or PageTokenInvalid."""
        asked = parse_filter(wanted)
        job = await self._jobs.get(person.account, id_)
        after = max(row_of(token), job.first_row - 1)
        if asked == Wanted():
            numbers = list(range(after + 1, min(after + count, job.last_row) + 1))
            found = await self._rows.between(id_, after + 1, after + count)
            more = after + count < job.last_row
        elif asked.state is RowState.PENDING:
            if asked.flags:
                # A row without a result has no flags.
                return [], ""
            pending = await self._rows.pending(id_, after=after, last=job.last_row, count=count + 1)
            numbers, found, more = pending[:count], [], len(pending) > count
        else:
            states = [SUCCEEDED, FAILED] if asked.state is None else [asked.state.value]
            found = await self._rows.matching(id_, states, flags=asked.flags, after=after, count=count + 1)
            found, more = found[:count], len(found) > count
            numbers = [row.row for row in found]
        opened = await self._open(person, job, found)
        rows = [opened.get(number) or JobRow(number, RowState.PENDING) for number in numbers]
        return rows, token_of(rows[-1].number) if rows and more else ""

    async def _open(self, person: Passport, job: Job, found: list[StoredRow]) -> dict[int, JobRow]:
        if not found:
            return {}
        seal = await open_seal(
            self._vault,
            account=job.account,
            job=f"jobs/{job.id}",
            wrapped_key=job.wrapped_key,
            proof=as_person(person),
        )
        snapshot = seal.open_snapshot(job.snapshot)
        columns, steps = snapshot.outputs, [step.settings.output_column for step in snapshot.steps]
        opened: dict[int, JobRow] = {}
        for row in found:
            payload = seal.open_row(row.row, row.payload)
            opened[row.row] = JobRow(
                number=row.row,
                state=RowState(row.state),
                attempts=row.attempts,
                # A chain that broke has fewer outputs than columns.
                outputs=tuple(zip(columns, payload.outputs, strict=False)),
                flags=flags.names(row.flags),
                findings=tuple(
                    Finding(name, column)
                    for column, bits in zip(steps, payload.flags, strict=False)
                    for name in flags.names(bits)
                ),
                confidence=row.confidence,
                reason=row.reason,
                message=payload.message,
            )
        return opened


def parse_filter(text: str) -> Wanted:
    """Return what a filter asks for: `state = FAILED AND flag = generic`; raise FilterInvalid."""
    if not text.strip():
        return Wanted()
    state, bits = None, 0
    for clause in _AND.split(text.strip()):
        found = _CLAUSE.fullmatch(clause)
        if found is None:
            raise FilterInvalid
        field, value = found[1], found[3]
        if field == "flag" and value in flags.SEVERITIES:
            bits |= flags.mask([value])
        elif field == "state" and state is None and value in RowState.__members__:
            state = RowState[value]
        else:
            raise FilterInvalid
    return Wanted(state, bits)


def token_of(row: int) -> str:
    """Return the token of the page after a row."""
    return base64.urlsafe_b64encode(f"row|{row}".encode()).decode().rstrip("=")


def row_of(token: str) -> int:
    """Return the row that a page comes after, 0 for the first page; raise PageTokenInvalid."""
    if not token:
        return 0
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        raise PageTokenInvalid from None
    kind, _, number = text.partition("|")
    if kind != "row" or not number.isascii() or not number.isdecimal() or len(number) > 10:
        raise PageTokenInvalid
    return min(int(number), 2**31 - 1)
