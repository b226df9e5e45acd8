"""The rows of a job in pages, in file order, by what became of them."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Protocol, TypeVar

from services.common.aside import aside, go_on
from services.common.errors import DomainError, Kind
from services.common.identity import Passport
from services.common.paging import PAGE_BYTES, Message, PageTokenInvalid
from services.processor.answers import flags
from services.processor.answers.shown import shortened
from services.processor.jobs.job import FindsSnapshots, Job
from services.processor.jobs.row_result import FAILED, SKIPPED, SUCCEEDED, StoredRow
from services.processor.jobs.seal import JobSeal, open_seal
from services.processor.outside import OpensDataKeys, as_person

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
    flags: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    #: None while there is no result.
    confidence: int | None = None
    reason: str = ""
    message: str = ""
    #: What the provider said, in its own words.
    said: str = ""


class RowStore(Protocol):
    """Where results are kept."""

    async def page(self, job: str, first: int, last: int, *, most_bytes: int) -> list[StoredRow]: ...
    async def matching(
        self, job: str, states: Sequence[int], *, flags: int, after: int, count: int, most_bytes: int
    ) -> list[StoredRow]: ...
    async def pending(self, job: str, *, after: int, last: int, count: int) -> list[int]: ...


class JobRows:
    """Lists rows of jobs."""

    def __init__(self, jobs: FindsSnapshots, rows: RowStore, vault: OpensDataKeys) -> None:
        self._jobs = jobs
        self._rows = rows
        self._vault = vault

    async def page(
        self,
        person: Passport,
        id_: str,
        *,
        wanted: str,
        token: str,
        count: int,
        show: Callable[["JobRow"], M],
    ) -> tuple[list[M], str]:
        """Return a page and the token of the next; raise JobNotFound, FilterInvalid or PageTokenInvalid.

        A page ends before the row with which it would have more than PAGE_BYTES, but has one at least; of a
        row that is larger by itself, the longest outputs are cut.
        """
        asked = parse_filter(wanted)
        job = await self._jobs.get(person.account, id_)
        after = max(row_of(token), job.first_row - 1)
        if asked == Wanted():
            numbers = list(range(after + 1, min(after + count, job.last_row) + 1))
            found = await self._rows.page(id_, after + 1, after + count, most_bytes=PAGE_BYTES)
            more = after + count < job.last_row
            if sum(len(row.payload) for row in found) > PAGE_BYTES:
                # What comes after these was not read.
                more = found[-1].row < job.last_row
                numbers = numbers[: found[-1].row - after]
        elif asked.state is RowState.PENDING:
            if asked.flags:
                # A row without a result has no flags.
                return [], ""
            pending = await self._rows.pending(id_, after=after, last=job.last_row, count=count + 1)
            numbers, found, more = pending[:count], [], len(pending) > count
        else:
            states = [SUCCEEDED, FAILED, SKIPPED] if asked.state is None else [asked.state.value]
            found = await self._rows.matching(
                id_, states, flags=asked.flags, after=after, count=count + 1, most_bytes=PAGE_BYTES
            )
            more = len(found) > count or sum(len(row.payload) for row in found) > PAGE_BYTES
            found = found[:count]
            numbers = [row.row for row in found]
        if not numbers:
            return [], ""
        known: Callable[[], Mapping[int, JobRow]] = dict
        if found:
            seal, sealed = await self._seal(person, job), await self._jobs.snapshot(person.account, id_)
            known = partial(opened, seal, sealed, found)
        shown = await aside(lambda: _shown(numbers, known(), show), account=person.account)
        more = more or len(shown) < len(numbers)
        return shown, token_of(numbers[len(shown) - 1]) if more else ""

    async def _seal(self, person: Passport, job: Job) -> JobSeal:
        return await open_seal(
            self._vault,
            account=job.account,
            job=f"jobs/{job.id}",
            wrapped_key=job.wrapped_key,
            proof=as_person(person),
        )


def _shown(numbers: Sequence[int], known: Mapping[int, JobRow], show: Callable[[JobRow], M]) -> list[M]:
    """Return messages of as many rows as a page holds."""
    shown: list[M] = []
    room = PAGE_BYTES
    for number in numbers:
        go_on()
        message = show(known.get(number) or JobRow(number, RowState.PENDING))
        room -= message.ByteSize()
        if shown and room < 0:
            break
        shown.append(message)
    return shown


def opened(seal: JobSeal, sealed: bytes, found: Sequence[StoredRow]) -> dict[int, JobRow]:
    """Return stored rows as their owner sees them, by number; it takes a while."""
    snapshot = seal.open_snapshot(sealed)
    columns, steps = snapshot.outputs, [step.settings.output_column for step in snapshot.steps]
    rows: dict[int, JobRow] = {}
    for row in found:
        go_on()
        payload = seal.open_row(row.row, row.payload)
        texts = shortened((*payload.outputs, *payload.raw), PAGE_BYTES)
        raw = texts[len(payload.outputs) :]
        rows[row.row] = JobRow(
            number=row.row,
            state=RowState(row.state),
            attempts=row.attempts,
            # A chain that broke has fewer outputs than columns.
            outputs=tuple(zip(columns, texts[: len(payload.outputs)], strict=False)),
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
