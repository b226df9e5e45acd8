"""From one prompt to its answer: release the API key, call the provider, and repeat while that can help."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from services.common.errors import DomainError
from services.common.metrics import UNKNOWN_FINISHES
from services.processor.answers import flags
from services.processor.metrics import timed_call
from services.processor.outside import Released, ReleasesApiKeys, Use
from services.processor.provider.addresses import AddressNotAllowed
from services.processor.provider.answer import Answer, AsksProviders, Unusable
from services.processor.provider.failures import (
    ATTEMPTS,
    DOWN,
    LONGEST_HELD_WAIT_SECONDS,
    MALFORMED,
    RATE_PATIENCE_SECONDS,
    RATE_REFUSALS,
    TIMED_OUT,
    TOO_LARGE,
    UNFITTING,
    UNREACHABLE,
    Failure,
    Verdict,
    backoff_seconds,
)
from services.processor.provider.outages import OUTAGE_PATIENCE_SECONDS, Outages
from services.processor.provider.refused_parts import RefusedParts
from services.processor.rows.budget import Budget, most_nanos
from services.processor.rows.counting import Used, counted
from services.processor.rows.endings import Again, Ended, Fail, Pause, ending_of
from services.processor.rows.requests import IN_WORDS, Requests, leaving_out, unknown_parts
from services.processor.rows.suspicion import Suspicion, rejection
from services.processor.templates.prompt_settings import PromptSettings
from services.processor.templates.schema import SchemaInvalid
from services.processor.usage.meter import cost_nanos

#: How many unanswered releases in a row send the shard back to the queue. Too few give up rows that are under
#: way for a moment's outage; too many hold the worker's place while the vault is away.
UNANSWERED_RELEASES = 8
#: A row that is the only one to find its provider away fails after this many tries: its prompt may be the
#: cause. Fewer fail a row of a job with one call in flight for a short outage.
LONE_TRIES = 5
#: How many uses may already be recorded because their answers were lost. More than this has another cause.
_REPLAYS = 20
_BUDGET_SECONDS = 0.1
_HAD_THINKING, _UNKNOWN_FINISH = flags.mask(["has_thinking"]), flags.mask(["unknown_finish"])
#: A rate key that was answered this recently is accepted by the provider. Keys whose calls may take longer
#: have twice that time.
_LATELY_SECONDS = 60.0
_SPREAD = 0.05
#: How long a shard stays in the queue whose provider has been away for a while.
_AWAY_SECONDS = 20.0
_OVER_BUDGET = "The next call could exceed the job's budget; resume the job with a higher one"


class Limiter(Protocol):
    """Knows when a provider may be called."""

    def now(self) -> float: ...
    def seconds_left(self, rate_key: str) -> float: ...
    async def park(self, rate_key: str, seconds: float) -> None: ...
    async def turn(self, rate_key: str, work: Ended) -> bool: ...
    async def smooth(self, rate_key: str) -> None: ...
    def heard(self, rate_key: str, started: float, said: Answer | Unusable) -> None: ...
    def answered_since(self, rate_key: str, started: float) -> bool: ...
    def refused_seconds(self, rate_key: str) -> float: ...
    def refuses_all(self, rate_key: str) -> bool: ...


class News(Protocol):
    """Knows whether the file of the rows was there a moment ago."""

    @property
    def is_fresh(self) -> bool: ...
    async def wait(self, work: Ended) -> None: ...


@dataclass(slots=True)
class Called:
    """The outcome of a prompt: an answer, a failure of its row, or nothing if the work ended first."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    #: Whether some of the tokens are estimated, because the provider told no numbers.
    is_estimated: bool = False
    texts: tuple[str, ...] | None = None
    failure: Failure | None = None
    #: Set with a failure that may be the provider's with all rows.
    suspicion: Suspicion | None = None
    #: Flags of what the provider sent beside the answer.
    marks: int = 0
    #: The answer as it is stored for identical prompts: its code, and the sealed texts.
    kept: tuple[bytes, bytes] | None = None
    #: Whether the answer came in a batch, at half the price.
    is_batch: bool = False


class Calls:
    """Makes the calls of one shard."""

    def __init__(
        self,
        *,
        keys: ReleasesApiKeys,
        provider: AsksProviders,
        limiter: Limiter,
        ended: Ended,
        grant: str,
        claim: int,
        account: str,
        refused: RefusedParts,
        dice: Callable[[], float],
        budget: Budget | None = None,
        patience_seconds: float = RATE_PATIENCE_SECONDS,
        outages: Outages | None = None,
        outage_patience_seconds: float = OUTAGE_PATIENCE_SECONDS,
        file: News | None = None,
    ) -> None:
        """Without `outages`, a call to an endpoint that is away fails after its attempts.

        Without `file`, calls start whether or not the file is still there.
        """
        self._file = file
        self._outages = outages
        self._outage_patience_seconds = outage_patience_seconds
        self._keys = keys
        self._provider = provider
        self._limiter = limiter
        self._patience_seconds = patience_seconds
        self._began = limiter.now()
        self._ended = ended
        self._grant = grant
        self._claim = claim
        self._account = account
        self._dice = dice
        self._refused = refused
        self._budget = budget
        self._requests: dict[PromptSettings, Requests | Failure] = {}
        #: By rate key.
        self._suspicions: defaultdict[str, Suspicion] = defaultdict(Suspicion)

    async def call(
        self, row: int, position: int, *, settings: PromptSettings, rate_key: str, prompt: str
    ) -> Called:
        """Send a prompt until it is answered, its row has failed, or the work has ended."""
        called = Called()
        requests = self._requests_of(settings)
        if isinstance(requests, Failure):
            called.failure = requests
            return called
        left_out: frozenset[str] = frozenset()
        named: frozenset[str] = frozenset()
        failed = refused = away = 0
        budget = self._budget
        most = 0 if budget is None else most_nanos(settings, prompt, requests.instructions(IN_WORDS))
        uses = _Uses(row, position, self._claim)
        while self._ended.ending is None:
            if not await self._may_go(rate_key):
                continue
            if budget is not None:
                may_go = await budget.set_aside(most)
                if may_go is None:
                    # Calls in flight will give back the money that they do not use.
                    await self._ended.sleep(_BUDGET_SECONDS)
                    continue
                if not may_go:
                    self._ended.end(Pause("BUDGET", "BUDGET", _OVER_BUDGET))
                    break
            released = await self._release(uses)
            if released is None:
                if budget is not None:
                    budget.settle(most, 0)
                break
            await self._limiter.smooth(rate_key)
            if self._limiter.seconds_left(rate_key) > 0 or self._is_file_unseen():
                # It became so while this call waited for its API key, so the key is not used.
                del released
                if budget is not None:
                    budget.settle(most, 0)
                continue
            called.calls += 1
            started = self._limiter.now()
            is_try = self._outages is not None and self._outages.seconds(rate_key) > 0
            without = self._refused.of(rate_key) | left_out | unknown_parts(released.base_url)
            try:
                with timed_call() as timed:
                    said = await self._provider.ask(
                        released,
                        requests.body(prompt, without),
                        account=self._account,
                        read=requests.texts,
                        quick=requests.quick_characters,
                    )
                    timed.outcome = "answered" if isinstance(said, Answer) else said.failure.verdict.value
            except AddressNotAllowed as error:
                self._ended.end(Fail(error.reason, error.message))
                break
            lately = max(_LATELY_SECONDS, 2.0 * released.timeout_seconds)
            # The API key was released for this call; the next attempt asks for it again.
            del released
            self._limiter.heard(rate_key, started, said)
            used = counted(said, prompt, requests)
            if budget is not None:
                budget.settle(most, _spent(settings, said, used, most))
            called.input_tokens += used.input
            called.output_tokens += used.output
            called.is_estimated |= used.is_estimated
            if left_out and used.is_accepted:
                # Only now is it certain that the request was refused for these.
                self._refused.learn(rate_key, left_out)
            if used.is_accepted:
                self._suspicions[rate_key].accepted()
            if isinstance(said, Answer):
                if self._outages is not None:
                    self._outages.is_back(rate_key)
                called.texts, called.marks = said.texts, marks_of(said)
                break
            failure = said.failure
            if self._is_outage(rate_key, failure, row=row, started=started, is_try=is_try):
                away += 1
                if away < LONE_TRIES or not self._is_lone(rate_key, row):
                    continue
                # Nobody else met it, so what takes the provider away may be in this prompt.
                called.failure = failure
                break
            if new := failure.parts - named:
                # Once for each part: the same request without it may be accepted.
                named |= new
                left_out = leaving_out(left_out, new)
                continue
            because = failure
            if failure.if_answered is not None and self._limiter.answered_since(rate_key, started - lately):
                failure = replace(failure.if_answered, said=failure.said)
            if failure.verdict is Verdict.JOB_PAUSES:
                self._pause(failure.reason, failure)
                break
            if failure.verdict is Verdict.RATE:
                if self._refused_too_long(rate_key):
                    self._pause("PROVIDER_RATE_LIMIT", failure)
                    break
                # Refusals count only if another call was answered; otherwise this row is not the cause.
                refused += self._limiter.answered_since(rate_key, started)
            failed += failure.verdict is Verdict.AGAIN
            if failure.verdict is Verdict.ROW_FAILS or failed >= ATTEMPTS or refused >= RATE_REFUSALS:
                called.failure = failure
                self._suspect(called, self._suspicions[rate_key], because, settings.model)
                break
            await self._wait(failure, failed + refused, rate_key)
        return called

    def _is_lone(self, rate_key: str, row: int) -> bool:
        return self._outages is not None and self._outages.is_of(rate_key, (self._claim, row))

    def _is_outage(self, rate_key: str, failure: Failure, *, row: int, started: float, is_try: bool) -> bool:
        """Whether the endpoint is away, so that its calls wait; ends the work if it has been so for long."""
        outages = self._outages
        if outages is None:
            return False
        if not failure.is_outage:
            outages.is_back(rate_key)
            return False
        if self._limiter.answered_since(rate_key, started):
            return False
        outages.is_away(rate_key, (self._claim, row), was_try=is_try, wait_seconds=failure.wait_seconds)
        lasts = outages.seconds(rate_key)
        if lasts > self._outage_patience_seconds:
            self._pause(DOWN.reason, replace(DOWN, said=failure.said))
        elif lasts > LONGEST_HELD_WAIT_SECONDS:
            # The worker's place is for others meanwhile.
            self._ended.end(Again(_AWAY_SECONDS))
        return True

    def _pause(self, pause: str, failure: Failure) -> None:
        self._ended.end(Pause(pause, failure.reason, failure.message, failure.said))

    def _suspect(self, called: Called, suspicion: Suspicion, because: Failure, model: str) -> None:
        """Count a failed row; pause the job if none of its rows is accepted."""
        failure = called.failure
        assert failure is not None
        if suspicion.doubts(failure):
            called.suspicion = suspicion
        if not suspicion.counts(failure):
            return
        if because.verdict is Verdict.JOB_PAUSES:
            self._pause(because.reason, because)
        else:
            self._ended.end(rejection(failure, model))

    def _requests_of(self, settings: PromptSettings) -> Requests | Failure:
        found = self._requests.get(settings)
        if found is None:
            try:
                found = Requests(settings)
            except SchemaInvalid as error:
                # The schema was accepted when the job started. No answer could be checked now, so none is
                # paid for.
                found = replace(
                    UNFITTING,
                    verdict=Verdict.ROW_FAILS,
                    message=f"The template's JSON schema is no longer accepted: it {error}",
                )
            self._requests[settings] = found
        return found

    def _refused_too_long(self, rate_key: str) -> bool:
        # Only this shard's time counts, so a resumed job gives the provider the full patience again.
        here = self._limiter.now() - self._began
        return min(here, self._limiter.refused_seconds(rate_key)) > self._patience_seconds

    async def _may_go(self, rate_key: str) -> bool:
        """Whether the provider may be called now; sleeps through short waits, ends the work for long ones."""
        if self._file is not None and not self._file.is_fresh:
            await self._file.wait(self._ended)
            return False
        left = self._limiter.seconds_left(rate_key)
        if left <= 0:
            if self._outages is not None and not await self._outages.turn(rate_key, self._ended):
                return False
            return await self._limiter.turn(rate_key, self._ended)
        if left > LONGEST_HELD_WAIT_SECONDS:
            self._ended.end(Again(left))
        else:
            # Spread, so that the calls do not all wake at the same moment.
            await self._ended.sleep(left + self._dice() * min(1.0, left / 10))
        return False

    def _is_file_unseen(self) -> bool:
        return self._file is not None and not self._file.is_fresh

    async def _wait(self, failure: Failure, tries: int, rate_key: str) -> None:
        wait = failure.wait_seconds
        if failure.verdict is Verdict.RATE and wait is not None:
            if wait <= LONGEST_HELD_WAIT_SECONDS and not self._limiter.refuses_all(rate_key):
                # Other calls are answered, so this one alone waits, and a little longer, so that calls that
                # were refused together do not come back together.
                await self._ended.sleep(wait * (1 + _SPREAD * self._dice()))
            else:
                await self._limiter.park(rate_key, wait)
            return
        if wait is not None:
            await self._limiter.park(rate_key, wait)
        await self._ended.sleep(backoff_seconds(tries, self._dice()))

    async def _release(self, uses: "_Uses") -> Released | None:
        unanswered = replayed = 0
        while self._ended.ending is None:
            try:
                return await self._keys.release(self._grant, uses.next())
            except DomainError as error:
                if error.reason == "RELEASE_REPLAYED" and replayed < _REPLAYS:
                    # The vault has recorded a use whose answer was lost; the next use is a new one.
                    replayed += 1
                    continue
                ending = ending_of(error)
                unanswered += 1
                if not isinstance(ending, Again) or unanswered >= UNANSWERED_RELEASES:
                    self._ended.end(ending)
                    return None
                await self._ended.sleep(backoff_seconds(unanswered, self._dice()))
        return None


def marks_of(said: Answer) -> int:
    """Return the flags of what came beside an answer."""
    if said.unknown_finish:
        UNKNOWN_FINISHES.inc()
    return _HAD_THINKING * said.had_thinking | _UNKNOWN_FINISH * bool(said.unknown_finish)


def _spent(settings: PromptSettings, said: Answer | Unusable, used: Used, most: int) -> int:
    """Return what a call cost. A call without a known outcome may have been charged, so it counts in full."""
    unseen = type(said) is Unusable and said.failure in (TIMED_OUT, UNREACHABLE, TOO_LARGE, MALFORMED)
    if unseen and not said.output_tokens:
        return most
    return cost_nanos(settings.model, used.input, used.output)


class _Uses:
    """Numbers the releases of one prompt under one claim."""

    def __init__(self, row: int, template: int, claim: int) -> None:
        self._row, self._template, self._claim = row, template, claim
        self._attempt = 0

    def next(self) -> Use:
        self._attempt += 1
        return Use(self._row, self._template, self._claim, self._attempt)
