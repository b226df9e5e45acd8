"""Which rows go in the next batch, and the lines that send them.

A batch has rows at one step, the lowest that any row stands at: what a later step needs is then known. It
takes as many as fit in rows, bytes, and the money that the job may still spend.
"""

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from services.processor.economy.batch import Batch, NewBatch
from services.processor.jobs.economy import BATCH_ROWS
from services.processor.jobs.row_result import NewResult
from services.processor.jobs.seal import JobSeal
from services.processor.outside import ReadsRows, by_grant
from services.processor.provider.batch_lines import request_line
from services.processor.provider.dialect.parts import STREAM
from services.processor.provider.rate_key import rate_key
from services.processor.provider.refused_parts import RefusedParts
from services.processor.rows.budget import most_nanos
from services.processor.rows.claims import Claim
from services.processor.rows.loop import Prepared
from services.processor.rows.requests import IN_WORDS, Requests, unknown_parts
from services.processor.rows.source import SourceRow
from services.processor.templates.errors import PromptTooLarge
from services.processor.templates.schema import SchemaInvalid

#: The most bytes of a batch's requests; they are held in memory until they are uploaded. OpenAI takes 200 MB.
#: Less makes more batches of long prompts; more costs memory for each account that a worker builds one for.
BATCH_BYTES = 32 * 1024 * 1024


class Begun(Protocol):
    """Knows how far rows are."""

    async def begun(self, claim: Claim, first: int, last: int) -> dict[int, bytes | None]: ...


@dataclass(slots=True)
class _Draft:
    step: int
    left_out: frozenset[str]
    rows: list[int] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    nanos: int = 0
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """The next batch, or why there is none."""

    batch: NewBatch | None
    #: Whether any row has no final result yet.
    any_open: bool
    #: Whether the next row would cost more than there is.
    too_dear: bool = False
    #: Blank rows, which go in no batch. There may be more behind these.
    skipped: tuple[NewResult, ...] = ()


class Builder:
    """Chooses the rows of one shard's batches under a claim."""

    def __init__(
        self,
        claim: Claim,
        prepared: Prepared,
        *,
        seal: JobSeal,
        files: ReadsRows,
        begun: Begun,
        refused: RefusedParts,
    ) -> None:
        self._claim = claim
        self._prepared = prepared
        self._seal = seal
        self._files = files
        self._begun = begun
        self._refused = refused
        self._requests: dict[int, Requests | None] = {}

    async def choose(self, spent: Collection[tuple[int, int]], money: int | None) -> Chosen:
        """Return the next batch of rows that are not `spent`; `money` is what it may cost at most."""
        draft: _Draft | None = None
        any_open = too_dear = False
        skipped: list[NewResult] = []
        async with aclosing(self._open_rows(self._claim.first_row, self._claim.last_row)) as rows:
            async for row, step, values in rows:
                blank = self._prepared.skipped(row, self._seal)
                if blank is not None:
                    skipped.append(blank)
                    continue
                any_open = True
                if (step, row.number) in spent or self.requests(step) is None:
                    continue
                if draft is None or step < draft.step:
                    draft = _Draft(step, self._left_out(step))
                if step > draft.step or draft.is_full:
                    if draft.is_full and draft.step == 0:
                        break
                    continue
                line, nanos = await self._line(row, step, values, draft.left_out)
                if not line:
                    continue
                if money is not None and draft.nanos + nanos > money:
                    draft.is_full = too_dear = True
                elif len(draft.rows) == BATCH_ROWS or draft.size + len(line) > BATCH_BYTES:
                    draft.is_full = True
                else:
                    draft.rows.append(row.number)
                    draft.lines.append(line)
                    draft.size += len(line)
                    draft.nanos += nanos
        if draft is None or not draft.rows:
            return Chosen(None, any_open, too_dear, tuple(skipped))
        new = NewBatch(draft.step, tuple(draft.rows), draft.left_out, draft.nanos, tuple(draft.lines))
        return Chosen(new, any_open, skipped=tuple(skipped))

    async def any_open(self) -> bool:
        """Whether any row of the shard has no final result yet."""
        async with aclosing(self._open_rows(self._claim.first_row, self._claim.last_row)) as rows:
            async for _ in rows:
                return True
        return False

    async def lines(self, batch: Batch) -> list[bytes]:
        """Return the lines of a batch that was recorded, once more."""
        wanted, lines = set(batch.rows), []
        async with aclosing(self._open_rows(min(wanted), max(wanted))) as rows:
            async for row, step, values in rows:
                if step == batch.step and row.number in wanted:
                    line, _ = await self._line(row, step, values, batch.left_out)
                    lines += [line] if line else []
        return lines

    def requests(self, step: int) -> Requests | None:
        """Return the requests of a step; None if no answer to them could be checked."""
        if step not in self._requests:
            try:
                self._requests[step] = Requests(self._prepared.snapshot.steps[step].settings)
            except SchemaInvalid:
                self._requests[step] = None
        return self._requests[step]

    def _left_out(self, step: int) -> frozenset[str]:
        settings = self._prepared.snapshot.steps[step].settings
        known = self._refused.of(rate_key(self._claim.api_key, settings.model))
        # Batches are never streamed, and some endpoints refuse the word.
        return known | unknown_parts(self._prepared.snapshot.base_url) | {STREAM}

    async def _open_rows(self, first: int, last: int) -> AsyncGenerator[tuple[SourceRow, int, list[str]]]:
        """Yield the rows without a final result, the step that each stands at, and what fills its prompt."""
        claim, proof = self._claim, by_grant(self._claim.grant)
        batches = self._files.rows(claim.file, claim.parse, first=first, count=last - first + 1, proof=proof)
        async with aclosing(batches):
            async for batch in batches:
                begun = await self._begun.begun(claim, batch[0].number, batch[-1].number)
                for row in batch:
                    sealed = begun.get(row.number, b"")
                    if sealed is None:
                        continue
                    found = SourceRow(row.number, list(row.cells), sealed or None)
                    done = self._seal.open_row(row.number, sealed) if sealed else None
                    outputs, step = (list(done.outputs), len(done.flags)) if done else ([], 0)
                    yield found, step, found.cells + outputs
                    # A prompt may have a megabyte; others have their turn between two.
                    await asyncio.sleep(0)

    async def _line(
        self, row: SourceRow, step: int, values: list[str], left_out: frozenset[str]
    ) -> tuple[bytes, int]:
        """Return a row's line and what it costs at most; no line if its prompt is too large to be sent."""
        requests = self.requests(step)
        assert requests is not None
        try:
            prompt = await self._prepared.prompts[step].rendered(values, account=self._claim.account)
        except PromptTooLarge:
            return b"", 0
        settings = self._prepared.snapshot.steps[step].settings
        nanos = (
            most_nanos(settings, prompt, requests.instructions(IN_WORDS)) if self._claim.max_cost_nanos else 0
        )
        return request_line(row.number, step, requests.body(prompt, left_out)), -(-nanos // 2)
