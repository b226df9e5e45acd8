"""The calls of one test of templates, and what each step of a row came to."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.common.aside import TooCostly
from services.processor.answers import flags
from services.processor.answers.shown import shortened
from services.processor.outside import ReleasesApiKeys
from services.processor.provider.answer import AsksProviders
from services.processor.provider.failures import PROMPT_TOO_LARGE, UNCHECKED, Failure, Verdict
from services.processor.provider.rate_key import rate_key
from services.processor.provider.refused_parts import RefusedParts
from services.processor.rows.calls import Called, Calls, Limiter
from services.processor.rows.endings import Again, Ended, Ending, Fail, Pause
from services.processor.rows.loop import Prepared
from services.processor.templates.errors import PromptTooLarge
from services.processor.usage.meter import UsageMeter

_NOT_IN_TIME = Failure(Verdict.ROW_FAILS, "TEST_TIMED_OUT", "The test ended before this step did")


# A test has up to two hundred prompts, all kept until its answer is made.
_LONGEST_KEPT_BYTES = 128 * 1024


@dataclass(slots=True)
class TestedStep:
    """One step of one row; `failure` says why it has no outputs, if it was begun."""

    template: str
    prompt: str = ""
    outputs: tuple[tuple[str, str], ...] = ()
    #: The outputs as they came, where something was taken off.
    raw: tuple[tuple[str, str], ...] = ()
    flags: tuple[str, ...] = ()
    failure: Failure | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    is_estimated: bool = False


@dataclass(slots=True)
class TestedRow:
    """One row of a test."""

    number: int
    confidence: int
    steps: list[TestedStep] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Callers:
    """What is needed to call a provider."""

    keys: ReleasesApiKeys
    provider: AsksProviders
    limiter: Limiter
    refused: RefusedParts
    meter: UsageMeter


class TestCalls:
    """The calls of one test."""

    def __init__(
        self, prepared: Prepared, api_key: str, *, account: str, grant: str, callers: Callers
    ) -> None:
        self._account = account
        self._steps = prepared.snapshot.steps
        self._prompts = prepared.prompts
        self._checks = prepared.checks
        self._rate_keys = [rate_key(api_key, step.settings.model) for step in self._steps]
        self._ended = Ended()
        self._calls = Calls(
            keys=callers.keys,
            provider=callers.provider,
            limiter=callers.limiter,
            refused=callers.refused,
            ended=self._ended,
            grant=grant,
            claim=0,
            account=account,
            dice=random.random,
        )

    async def run_row(self, row: TestedRow, values: list[str]) -> None:
        """Run a row's steps until one fails."""
        for position, step in enumerate(self._steps):
            tested = TestedStep(step.template)
            row.steps.append(tested)
            try:
                prompt = await self._prompts[position].rendered(values, account=self._account)
            except PromptTooLarge:
                tested.failure = PROMPT_TOO_LARGE
                return
            (tested.prompt,) = shortened([prompt[: _LONGEST_KEPT_BYTES + 1]], _LONGEST_KEPT_BYTES)
            called = await self._calls.call(
                row.number,
                position,
                settings=step.settings,
                rate_key=self._rate_keys[position],
                prompt=prompt,
            )
            tested.input_tokens, tested.output_tokens = called.input_tokens, called.output_tokens
            tested.is_estimated = called.is_estimated
            if called.texts is None:
                tested.failure = _why(called, self._ended.ending)
                return
            try:
                texts, bits = await self._checks[position].checked(
                    called.texts, values, account=self._account
                )
            except TooCostly:
                tested.failure = UNCHECKED
                return
            columns = step.settings.columns
            tested.outputs = tuple(zip(columns, texts, strict=True))
            came = zip(columns, called.texts, texts, strict=True)
            tested.raw = tuple((column, raw) for column, raw, text in came if raw != text)
            tested.flags = flags.names(bits | called.marks)
            values += texts

    def time_is_over(self, rows: Sequence[TestedRow]) -> None:
        """Say of the steps that are under way that they did not end."""
        for row in rows:
            if row.steps and not row.steps[-1].outputs and row.steps[-1].failure is None:
                row.steps[-1].failure = _NOT_IN_TIME


def fit(rows: Sequence[TestedRow], most_bytes: int) -> None:
    """Cut the longest prompts and outputs until all that the steps show fits a number of bytes."""
    steps = [step for row in rows for step in row.steps]
    texts = [
        text for step in steps for text in (step.prompt, *(value for _, value in (*step.outputs, *step.raw)))
    ]
    shown = iter(shortened(texts, most_bytes))
    for step in steps:
        step.prompt = next(shown)
        step.outputs = tuple((name, next(shown)) for name, _ in step.outputs)
        step.raw = tuple((name, next(shown)) for name, _ in step.raw)


def _why(called: Called, ending: Ending | None) -> Failure:
    if called.failure is not None:
        return called.failure
    match ending:
        case Pause(_, reason, message, said):
            return Failure(Verdict.JOB_PAUSES, reason, message, said=said)
        case Fail(reason, message):
            return Failure(Verdict.JOB_PAUSES, reason, message)
        case Again():
            return Failure(Verdict.RATE, "PROVIDER_RATE_LIMITED", "The provider asks for a longer pause")
        case _:
            return _NOT_IN_TIME
