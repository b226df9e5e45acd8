"""The rows of a job in pages, in file order, by what became of them."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Generic, Protocol, TypeVar

from services.common.aside import aside, go_on
from services.common.errors import DomainError, Kind
from services.common.identity import Passport
from services.common.paging import PAGE_BYTES, Message, PageTokenInvalid
from services.processor.answers import flags
from services.processor.answers.shown import shortened
from services.processor.jobs.job import FindsSnapshots, Job
from services.processor.jobs.plan import Snapshot
from services.processor.jobs.row_result import FAILED, SKIPPED, SUCCEEDED, StoredRow
from services.processor.jobs.seal import JobSeal, open_seal
from services.processor.outside import OpensDataKeys, ReadsRows, as_person
from services.processor.results.row_cells import Cells, read_cells

M = TypeVar("M", bound=Message)


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
    SKIPPED = SKIPPED


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
    #: Answers as the model gave them, of the columns where auto-fix found something.
    raw: tuple[tuple[str, str], ...] = ()
    #: Answers as they were before their owner changed them.
    edited: tuple[tuple[str, str], ...] = ()
    flags: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    #: None while there is no result.
    confidence: int | None = None
    reason: str = ""
    message: str = ""
    #: What the provider said, in its own words.
    said: str = ""
    #: The row's own cells, if they were asked for.
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowsWanted:
    """Which page of a job's rows is asked for; `token` is of the page before."""

    count: int
    filter: str = ""
    token: str = ""
    #: The first page begins here.
    first_row: int = 1
    with_cells: bool = False


@dataclass(frozen=True, slots=True)
class RowsPage(Generic[M]):
    """A page of rows, the token of the next, and the columns of the cells, if they were asked for."""

    rows: Sequence[M] = ()
    token: str = ""
    columns: tuple[str, ...] = ()
    cells_gone: bool = False


class RowStore(Protocol):
    """Where results are kept."""

    async def page(self, job: str, first: int, last: int, *, most_bytes: int) -> list[StoredRow]: ...
    async def matching(
        self, job: str, states: Sequence[int], *, flags: int, after: int, count: int, most_bytes: int
    ) -> list[StoredRow]: ...
    async def pending(self, job: str, *, after: int, last: int, count: int) -> list[int]: ...


class JobRows:
    """Lists rows of jobs."""

    def __init__(
        self, jobs: FindsSnapshots, rows: RowStore, *, vault: OpensDataKeys, files: ReadsRows
    ) -> None:
        self._jobs = jobs
        self._rows = rows
        self._vault = vault
        self._files = files

    async def page(
        self, person: Passport, id_: str, asked: RowsWanted, *, show: Callable[["JobRow"], M]
    ) -> RowsPage[M]:
        """Return a page; raise JobNotFound, FilterInvalid, PageTokenInvalid or FILE_DAMAGED.

        A page ends before the row with which it would have more than PAGE_BYTES, but has one at least; of a
        row that is larger by itself, the longest texts are cut.
        """
        wanted = parse_filter(asked.filter)
        job = await self._jobs.get(person.account, id_)
        after = max(row_of(asked.token) or asked.first_row - 1, job.first_row - 1)
        numbers, found, more = await self._found(job, wanted, after=after, count=asked.count)
        if not numbers:
            return RowsPage()
        cells = Cells()
        if asked.with_cells:
            cells = await read_cells(self._files, job, numbers, as_person(person))
            reached = cells.reached(numbers)
            numbers, more = reached, more or len(reached) < len(numbers)
        seal: JobSeal | None = None
        sealed = b""
        if found or asked.with_cells:
            seal, sealed = await self._seal(person, job), await self._jobs.snapshot(person.account, id_)
        shown, columns = await aside(
            partial(_shown, numbers, found, seal, sealed, cells, show), account=person.account
        )
        more = more or len(shown) < len(numbers)
        return RowsPage(
            shown,
            token_of(numbers[len(shown) - 1]) if more else "",
            columns if asked.with_cells else (),
            cells.gone,
        )

    async def _found(
        self, job: Job, wanted: Wanted, *, after: int, count: int
    ) -> tuple[Sequence[int], Sequence[StoredRow], bool]:
        """Return the numbers of a page's rows, those that have a result, and whether more rows follow."""
        if wanted == Wanted():
            numbers = list(range(after + 1, min(after + count, job.last_row) + 1))
            found = await self._rows.page(job.id, after + 1, after + count, most_bytes=PAGE_BYTES)
            more = after + count < job.last_row
            if sum(len(row.payload) for row in found) > PAGE_BYTES:
                # What comes after these was not read.
                more = found[-1].row < job.last_row
                numbers = numbers[: found[-1].row - after]
            return numbers, found, more
        if wanted.state is RowState.PENDING:
            if wanted.flags:
                # A row without a result has no flags.
                return [], [], False
            pending = await self._rows.pending(job.id, after=after, last=job.last_row, count=count + 1)
            return pending[:count], [], len(pending) > count
        states = [SUCCEEDED, FAILED, SKIPPED] if wanted.state is None else [wanted.state.value]
        found = await self._rows.matching(
            job.id, states, flags=wanted.flags, after=after, count=count + 1, most_bytes=PAGE_BYTES
        )
        more = len(found) > count or sum(len(row.payload) for row in found) > PAGE_BYTES
        found = found[:count]
        return [row.row for row in found], found, more

    async def _seal(self, person: Passport, job: Job) -> JobSeal:
        return await open_seal(
            self._vault,
            account=job.account,
            job=f"jobs/{job.id}",
            wrapped_key=job.wrapped_key,
            proof=as_person(person),
        )


def _shown(
    numbers: Sequence[int],
    found: Sequence[StoredRow],
    seal: JobSeal | None,
    sealed: bytes,
    cells: Cells,
    show: Callable[[JobRow], M],
) -> tuple[list[M], tuple[str, ...]]:
    """Return messages of as many rows as a page holds, and the columns of the file."""
    columns: tuple[str, ...] = ()
    known: Mapping[int, JobRow] = {}
    if seal is not None:
        snapshot = seal.open_snapshot(sealed)
        columns = snapshot.columns
        known = _opened(seal, snapshot, found, cells.by_row)
    shown: list[M] = []
    room = PAGE_BYTES
    for number in numbers:
        go_on()
        row = known.get(number)
        if row is None:
            row = JobRow(
                number,
                RowState.PENDING,
                cells=tuple(shortened(cells.by_row.get(number, ()), PAGE_BYTES)),
            )
        message = show(row)
        room -= message.ByteSize()
        if shown and room < 0:
            break
        shown.append(message)
    return shown, columns


def opened(seal: JobSeal, sealed: bytes, found: Sequence[StoredRow]) -> dict[int, JobRow]:
    """Return stored rows as their owner sees them, by number; it takes a while."""
    return _opened(seal, seal.open_snapshot(sealed), found, {})


def _opened(
    seal: JobSeal, snapshot: Snapshot, found: Sequence[StoredRow], cells: Mapping[int, tuple[str, ...]]
) -> dict[int, JobRow]:
    columns, steps = snapshot.outputs, [step.settings.output_column for step in snapshot.steps]
    rows: dict[int, JobRow] = {}
    for row in found:
        go_on()
        payload = seal.open_row(row.row, row.payload)
        former = [
            (column, text) for column, text in zip(columns, payload.former, strict=False) if text is not None
        ]
        parts = (payload.outputs, payload.raw, [text for _, text in former], cells.get(row.row, ()))
        texts = iter(shortened([text for part in parts for text in part], PAGE_BYTES))
        outputs, raw, edited, own = ([next(texts) for _ in part] for part in parts)
        rows[row.row] = JobRow(
            number=row.row,
            state=RowState(row.state),
            attempts=row.attempts,
            # A chain that broke has fewer outputs than columns.
            outputs=tuple(zip(columns, outputs, strict=False)),
            raw=tuple((column, text) for column, text in zip(steps, raw, strict=False) if text),
            flags=flags.names(row.flags),
            findings=tuple(
                Finding(name, column)
                for column, bits in zip(steps, payload.flags, strict=False)
                for name in flags.names(bits)
            ),
            confidence=row.confidence,
            reason=row.reason,
            message=payload.message,
            said=payload.said,
            edited=tuple((column, text) for (column, _), text in zip(former, edited, strict=True)),
            cells=tuple(own),
        )
    return rows


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
