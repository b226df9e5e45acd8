"""The heart of a worker: takes rows through their steps, as many at once as the shard may have calls."""

import asyncio
from dataclasses import dataclass, field
from functools import partial, reduce
from operator import or_
from typing import Protocol, Self

from services.common.aside import TooCostly, go_on
from services.common.errors import DomainError
from services.processor.answers.checks import AnswerChecks
from services.processor.jobs.blank_rows import is_blank, sent_columns
from services.processor.jobs.confidence import confidence, used_columns
from services.processor.jobs.plan import Snapshot, Step
from services.processor.jobs.row_result import FAILED, SKIPPED, SUCCEEDED, UNDER_WAY, NewResult
from services.processor.jobs.seal import JobSeal, RowPayload
from services.processor.provider.failures import PROMPT_TOO_LARGE, UNCHECKED, WORKER_FAILED
from services.processor.provider.rate_key import rate_key
from services.processor.rows.calls import Called
from services.processor.rows.endings import Ended, Ending, Stopped, ending_of
from services.processor.rows.identical import Identical, sent_once
from services.processor.rows.source import RowSource, SourceRow
from services.processor.rows.suspicion import rejection
from services.processor.templates.errors import PromptTooLarge
from services.processor.templates.prompt import Prompt
from services.processor.templates.prompt_settings import PromptSettings
from services.processor.usage.meter import cost_nanos

_MOST_ATTEMPTS = 2**15 - 1
#: Blank rows whose results a lane writes together. Fewer make a file that ends with thousands of them slow;
#: more keep the event loop busy.
_SKIPPED_AT_ONCE = 100


class Asks(Protocol):
    """Brings prompts their answers."""

    async def call(
        self, row: int, position: int, *, settings: PromptSettings, rate_key: str, prompt: str
    ) -> Called: ...


class Writer(Protocol):
    """Stores results."""

    async def put(self, result: NewResult) -> None: ...


@dataclass(slots=True)
class _Done:
    """The progress of a row: the outputs of its finished steps, and the flags of each."""

    row: int
    confidence: int
    outputs: list[str] = field(default_factory=list)
    flags: list[int] = field(default_factory=list)
    #: The answer of each step as it came; nothing where it is saved so.
    raw: list[str] = field(default_factory=list)
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is put together of a snapshot once for all of its rows."""

    snapshot: Snapshot
    prompts: tuple[Prompt, ...]
    checks: tuple[AnswerChecks, ...]
    #: The columns of the file that count for confidence.
    used: tuple[int, ...]
    #: The columns of which one must be filled, or the row is skipped; empty if none is.
    needed: tuple[int, ...] = ()

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        """Prepare a snapshot, which takes a while; raise what its prompts raise."""
        prompts = snapshot.prompts()
        checks = []
        for step, prompt in zip(snapshot.steps, prompts, strict=True):
            go_on()
            checks.append(AnswerChecks(step.settings, prompt))
        needed = sent_columns(snapshot, prompts) if snapshot.skips_blank_rows else ()
        return cls(snapshot, prompts, tuple(checks), used_columns(snapshot, prompts), needed)

    def skipped(self, row: SourceRow, seal: JobSeal) -> NewResult | None:
        """Return the result of a row that is skipped; None for one that is not."""
        # A row that was begun is one of which something was sent.
        if row.begun or not is_blank(row.cells, self.needed):
            return None
        return NewResult(
            row=row.number,
            state=SKIPPED,
            attempts=0,
            reason="",
            flags=0,
            confidence=confidence(row.cells, self.used),
            payload=seal.seal_row(row.number, RowPayload(())),
            input_tokens=0,
            output_tokens=0,
            model="",
            cost_nanos=0,
        )


class RowLoop:
    """Processes the rows of one shard."""

    def __init__(
        self,
        prepared: Prepared,
        *,
        account: str,
        api_key: str,
        source: RowSource,
        calls: Asks,
        writer: Writer,
        seal: JobSeal,
        ended: Ended,
        identical: Identical | None,
        given_up: bool = False,
    ) -> None:
        """`given_up` is for rows that keep stopping the workers: each fails, and no call is made.

        Without `identical`, every prompt is sent.
        """
        self._given_up = given_up
        self._account = account
        self._identical = identical
        snapshot = prepared.snapshot
        self._once = [sent_once(step.settings, always=snapshot.identical_once) for step in snapshot.steps]
        self._prepared = prepared
        self._steps = snapshot.steps
        self._prompts = prepared.prompts
        self._checks = prepared.checks
        self._used = prepared.used
        self._rate_keys = [rate_key(api_key, step.settings.model) for step in snapshot.steps]
        self._source = source
        self._calls = calls
        self._writer = writer
        self._seal = seal
        self._ended = ended
        self._lanes: list[asyncio.Task[None]] = []
        #: Rows that failed while their provider had accepted nothing, and their results.
        self._doubted: dict[int, Called] = {}
        self._held: list[tuple[NewResult, Called]] = []
        #: Results of blank rows that are being written.
        self._skips: list[asyncio.Task[None]] = []

    async def run(self, lanes: int) -> Ending | None:
        """Work until all rows are done and return None, or until the work was ended and return why."""
        self._lanes = [asyncio.ensure_future(self._lane()) for _ in range(lanes)]
        try:
            done, rest = await asyncio.wait(self._lanes, return_when=asyncio.FIRST_EXCEPTION)
            if rest:
                # A lane fails only if results can no longer be written.
                self.stop(Stopped())
                await asyncio.wait(rest)
        finally:
            for lane in self._lanes:
                lane.cancel()
            # What became of them is known to the writer, which writes them or fails.
            await asyncio.gather(*self._skips, return_exceptions=True)
        for lane in done:
            if not lane.cancelled() and (error := lane.exception()) is not None:
                raise error
        if self._ended.ending is None:
            await self._settle()
        return self._ended.ending

    def end(self, ending: Ending) -> None:
        """Start nothing new; calls in flight finish."""
        self._ended.end(ending)
        self._source.stop()

    def stop(self, ending: Ending) -> None:
        """End at once; calls in flight are dropped."""
        self.end(ending)
        for lane in self._lanes:
            lane.cancel()

    async def _lane(self) -> None:
        while self._ended.ending is None:
            try:
                row = await self._source.next()
            except DomainError as error:
                self.end(ending_of(error))
                return
            if row is None:
                await self._write_skips()
                return
            skipped = self._prepared.skipped(row, self._seal)
            if skipped is not None:
                # Its lane need not wait: nothing is paid for that could be lost.
                self._skips.append(asyncio.ensure_future(self._writer.put(skipped)))
                if len(self._skips) >= _SKIPPED_AT_ONCE:
                    await self._write_skips()
                continue
            result = await self.work_on(row)
            if result is None:
                self._source.stop()
                return
            if doubted := self._doubted.pop(row.number, None):
                # Not stored, so neither counted nor metered, unless the provider proves to answer others.
                self._held.append((result, doubted))
            else:
                await self._writer.put(result)
            await self._let_go()

    async def _let_go(self) -> None:
        """Store the failures that are no longer in doubt."""
        cleared = [result for result, called in self._held if _is_cleared(called)]
        self._held = [held for held in self._held if not _is_cleared(held[1])]
        for result in cleared:
            await self._writer.put(result)

    async def _settle(self) -> None:
        """Decide about failures that are in doubt when all rows were tried and none was accepted."""
        for result, called in self._held:
            if called.failure is not None and called.failure.is_of_all_rows:
                self.end(rejection(called.failure, result.model))
                return
        await asyncio.gather(*(self._writer.put(result) for result, _ in self._held))

    async def _write_skips(self) -> None:
        skips, self._skips = self._skips, []
        await asyncio.gather(*skips)

    async def work_on(self, row: SourceRow) -> NewResult | None:
        """Return a row's result; None if the work ended before there was one."""
        skipped = self._prepared.skipped(row, self._seal)
        if skipped is not None:
            return skipped
        done = self._begun(row)
        values = row.cells + done.outputs
        for position in range(len(done.flags), len(self._steps)):
            if self._given_up:
                return self._result(FAILED, done, Called(failure=WORKER_FAILED), self._steps[position])
            try:
                prompt = await self._prompts[position].rendered(values, account=self._account)
            except PromptTooLarge:
                return self._result(FAILED, done, Called(failure=PROMPT_TOO_LARGE), self._steps[position])
            called = await self._ask(row.number, position, prompt)
            done.attempts += called.calls
            if called.failure is not None:
                if called.suspicion is not None:
                    self._doubted[row.number] = called
                return self._result(FAILED, done, called, self._steps[position])
            if called.texts is None:
                return None
            try:
                texts, bits = await self._checks[position].checked(
                    called.texts, values, account=self._account
                )
            except TooCostly:
                called.failure = UNCHECKED
                return self._result(FAILED, done, called, self._steps[position])
            done.outputs += texts
            done.flags.append(bits | called.marks)
            done.raw.append(called.texts[0] if texts != called.texts else "")
            values += texts
            if position + 1 < len(self._steps):
                # After a crash, the row continues from here, so that finished steps are not paid for again.
                await self._writer.put(self._result(UNDER_WAY, done, called, self._steps[position]))
        return self._result(SUCCEEDED, done, called, self._steps[-1])

    def under_way(self, row: SourceRow, called: Called) -> NewResult:
        """Return the result of a row that is as far as before, with what a useless answer cost."""
        done = self._begun(row)
        done.attempts = called.calls
        return self._result(UNDER_WAY, done, called, self._steps[len(done.flags)])

    def _begun(self, row: SourceRow) -> _Done:
        done = _Done(row.number, confidence(row.cells, self._used))
        if row.begun:
            begun = self._seal.open_row(row.number, row.begun)
            done.outputs, done.flags = [*begun.outputs], [*begun.flags]
            done.raw = [*begun.raw] or [""] * len(done.flags)
        return done

    async def _ask(self, row: int, position: int, prompt: str) -> Called:
        settings = self._steps[position].settings
        send = partial(
            self._calls.call,
            row,
            position,
            settings=settings,
            rate_key=self._rate_keys[position],
            prompt=prompt,
        )
        if self._identical is None or not self._once[position]:
            return await send()
        return await self._identical.once(settings, prompt, ended=self._ended, send=send)

    def _result(self, state: int, done: "_Done", called: Called, step: Step) -> NewResult:
        failure = called.failure
        message, said = (failure.message, failure.said) if failure else ("", "")
        cost = cost_nanos(step.settings.model, called.input_tokens, called.output_tokens)
        raw = tuple(done.raw) if any(done.raw) else ()
        payload = RowPayload(tuple(done.outputs), message, tuple(done.flags), said, raw)
        return NewResult(
            row=done.row,
            state=state,
            attempts=min(done.attempts, _MOST_ATTEMPTS),
            reason=failure.reason if failure else "",
            flags=reduce(or_, done.flags, 0),
            confidence=done.confidence,
            payload=self._seal.seal_row(done.row, payload),
            input_tokens=called.input_tokens,
            output_tokens=called.output_tokens,
            is_estimated=called.is_estimated,
            model=step.settings.model,
            cost_nanos=cost if not called.is_batch else -(-cost // 2),
            kept=called.kept,
        )


def _is_cleared(called: Called) -> bool:
    return called.suspicion is None or called.suspicion.cleared
