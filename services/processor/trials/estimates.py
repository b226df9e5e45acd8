"""What a job would take, reckoned before it starts: calls, tokens, and what they cost."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol, Self

from services.common.aside import aside, go_on
from services.common.identity import Passport
from services.processor.jobs import plan
from services.processor.jobs.blank_rows import constant_warnings, count_blank, is_blank, sent_columns
from services.processor.jobs.confidence import used_columns
from services.processor.jobs.errors import NoTemplates
from services.processor.jobs.plan import Snapshot, Step
from services.processor.outside import DescribesFiles, FileFacts, ReadsRows, Row, Rows, as_person
from services.processor.rows.requests import Requests
from services.processor.templates.called import by_their_names
from services.processor.templates.prompt import MOST_BYTES, Prompt
from services.processor.templates.template import FindsTemplates
from services.processor.templates.variables import ReadsVariables, values_for
from services.processor.usage.meter import Meter, UsageMeter
from services.processor.usage.prices import facts_of
from services.processor.usage.tokens import BYTES_PER_TOKEN

#: Rows that are looked at, from the beginning, the middle and the end of the range.
SAMPLE_ROWS = 150
#: Of very long rows, fewer are looked at: as many as have this many bytes.
SAMPLE_BYTES = 6 * 1024 * 1024
#: A short answer takes this share of what it may take.
_SHORT_ANSWER = 10


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of prompts and answers."""

    input: int = 0
    output: int = 0


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a job would take; a cost is None when a model's price is unknown."""

    row_count: int
    request_count: int
    low: Tokens
    high: Tokens
    cost_low: Decimal | None
    cost_high: Decimal | None
    unpriced: tuple[str, ...]
    meter: Meter | None = None
    #: Rows of which nothing would be sent, and whether that is reckoned from a sample.
    blank_rows: int = 0
    blank_rows_estimated: bool = False
    warnings: tuple[str, ...] = ()

    @property
    def economy_low(self) -> Decimal | None:
        """The low cost of an economy job: providers charge half for what is answered in a batch."""
        return None if self.cost_low is None else self.cost_low / 2

    @property
    def economy_high(self) -> Decimal | None:
        """The high cost of an economy job."""
        return None if self.cost_high is None else self.cost_high / 2


@dataclass(frozen=True, slots=True)
class Bound:
    """Steps with their prompts bound to the file's columns."""

    snapshot: Snapshot
    prompts: tuple[Prompt, ...]
    #: The columns of which one must be filled, or the row is skipped; empty if none is.
    needed: tuple[int, ...] = ()

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """Bind a snapshot's prompts; raise what starting the job would raise."""
        prompts = snapshot.prompts()
        used_columns(snapshot, prompts)
        needed = sent_columns(snapshot, prompts) if snapshot.skips_blank_rows else ()
        return cls(snapshot, prompts, needed)


class Files(DescribesFiles, ReadsRows, Protocol):
    """What an estimate asks of files."""


class Estimates:
    """Reckons jobs."""

    def __init__(
        self, templates: FindsTemplates, variables: ReadsVariables, *, files: Files, meter: UsageMeter
    ) -> None:
        self._templates = templates
        self._variables = variables
        self._files = files
        self._meter = meter

    async def estimate(
        self,
        person: Passport,
        file: str,
        templates: Sequence[str],
        *,
        first_row: int | None,
        last_row: int | None,
        send_blank_rows: bool = False,
    ) -> Estimate:
        """Return what templates over rows would take; raise what starting the job would raise."""
        if not templates:
            raise NoTemplates
        proof = as_person(person)
        ids = [name.removeprefix("templates/") for name in templates]
        chosen = await self._templates.get_many(person.account, ids)
        facts = await self._files.facts(file, proof)
        first, last = plan.row_range(first_row, last_row, facts.row_count)
        prompts = [each.fields.settings.prompt for each in chosen]
        variables = await values_for(self._variables, person.account, prompts)

        def bound() -> Bound:
            steps = tuple(Step.of(each) for each in chosen)
            return Bound.of(
                Snapshot(
                    facts.columns,
                    steps,
                    base_url="",
                    variables=tuple(variables.items()),
                    skips_blank_rows=not send_blank_rows,
                )
            )

        # What would refuse the job refuses its estimate, before a row is read.
        with by_their_names(chosen):
            work = await aside(bound, account=person.account)
        rows = last - first + 1
        sample: list[Row] = []
        pieces = _pieces(first, last)
        for start, count in pieces:
            read = self._files.rows(facts.name, facts.parse, first=start, count=count, proof=proof)
            async with aclosing(read) as batches:
                sample += await _some(batches, SAMPLE_BYTES // len(pieces))
        blank, reached = 0, last
        if work.needed:
            blank, reached = await count_blank(
                self._files, facts, work.needed, first=first, last=last, proof=proof
            )
        beyond = [row for row in sample if row.number > reached]
        if beyond:
            share = sum(is_blank(row.cells, work.needed) for row in beyond) / len(beyond)
            blank += round(share * (last - reached))
        cells = [row.cells for row in sample]
        estimate = await aside(lambda: reckon(work, cells, rows=rows, blank=blank), account=person.account)
        return replace(
            estimate,
            meter=await self._meter.totals(person.account),
            blank_rows_estimated=reached < last,
            warnings=(*_guess_warnings(facts), *constant_warnings(work.snapshot, work.prompts)),
        )


def _guess_warnings(facts: FileFacts) -> list[str]:
    """Return a sentence if the file's encoding is a guess, with a line that shows whether it is right."""
    if not facts.guessed_encoding:
        return []
    return [
        f"The encoding of the file is a guess, {facts.guessed_encoding}. If this line of it looks wrong, "
        f"read the file again with another encoding before you start: {facts.sample_line}"
    ]


async def _some(batches: AsyncIterator[Rows], most_bytes: int) -> list[Row]:
    """Return rows until they have a number of bytes, but at least one batch."""
    found: list[Row] = []
    size = 0
    async for batch in batches:
        found += batch
        size += sum(len(cell) for row in batch for cell in row.cells)
        if size > most_bytes:
            break
    return found


def _pieces(first: int, last: int) -> list[tuple[int, int]]:
    """Return (first row, count) of the runs of rows that are looked at."""
    rows, piece = last - first + 1, SAMPLE_ROWS // 3
    if rows <= SAMPLE_ROWS:
        return [(first, rows)]
    middle = first + (rows - piece) // 2
    return [(first, piece), (middle, piece), (last - piece + 1, piece)]


def reckon(work: Bound, sample: Sequence[Sequence[str]], *, rows: int, blank: int = 0) -> Estimate:
    """Return the estimate for a number of rows, of which some are skipped and a sample is known."""
    snapshot = work.snapshot
    sent = rows - blank
    sizes: list[list[int]] = []
    for cells in sample:
        go_on()
        if is_blank(cells, work.needed):
            continue
        sizes.append([len(cell.encode("utf-8", "replace")) for cell in cells])
    low = _steps(work, sizes, rows=sent, share=_SHORT_ANSWER)
    high = _steps(work, sizes, rows=sent, share=1)
    models = [facts_of(step.settings.model) for step in snapshot.steps]
    return Estimate(
        row_count=rows,
        blank_rows=blank,
        request_count=sent * len(snapshot.steps),
        low=Tokens(sum(each.input for each in low), sum(each.output for each in low)),
        high=Tokens(sum(each.input for each in high), sum(each.output for each in high)),
        cost_low=_sum([model.cost(t.input, t.output) for model, t in zip(models, low, strict=True)]),
        cost_high=_sum([model.cost(t.input, t.output) for model, t in zip(models, high, strict=True)]),
        unpriced=tuple(dict.fromkeys(model.id for model in models if model.input_price is None)),
    )


def _steps(work: Bound, sizes: Sequence[Sequence[int]], *, rows: int, share: int) -> list[Tokens]:
    """Return the tokens of each step over all rows, if answers take one part in `share` of what they may.

    `sizes` are the bytes of the cells of those rows that were looked at.
    """
    filled = [list(cells) for cells in sizes]
    found: list[Tokens] = []
    for step, prompt in zip(work.snapshot.steps, work.prompts, strict=True):
        answer = max(1, step.settings.most_tokens // share)
        beside = Requests(step.settings).overhead
        asked = 0
        for values in filled:
            go_on()
            size = prompt.size_of([values[column] for column, _ in prompt.used])
            # A row whose prompt is too large fails without a call.
            asked += 0 if size > MOST_BYTES else beside + -(-size // BYTES_PER_TOKEN)
        found.append(Tokens(-(-asked * rows // max(1, len(filled))), answer * rows))
        columns = len(step.settings.columns)
        for values in filled:
            values += [answer * BYTES_PER_TOKEN // columns] * columns
    return found


def _sum(costs: Sequence[Decimal | None]) -> Decimal | None:
    total = Decimal(0)
    for cost in costs:
        if cost is None:
            return None
        total += cost
    return total
