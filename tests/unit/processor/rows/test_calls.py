"""From one prompt to its answer, with a scripted vault and provider."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from services.common.errors import Kind, RemoteError, Unavailable
from services.processor.outside import Released, Use
from services.processor.provider.addresses import AddressNotAllowed
from services.processor.provider.answer import LOOP_CHARACTERS, Answer, Reads, Unusable, whole
from services.processor.provider.failures import DOWN, MALFORMED, TRUNCATED, UNFITTING, Failure, Verdict
from services.processor.provider.outages import Outages
from services.processor.provider.refused_parts import RefusedParts
from services.processor.rows.calls import Called, Calls
from services.processor.rows.endings import Again, Ended, Ending, Fail, Pause
from services.processor.templates.library import find
from services.processor.templates.prompt_settings import PromptSettings

SETTINGS = PromptSettings("p", "Out", "model", 0.7, 500)
RATE = Failure(Verdict.RATE, "PROVIDER_RATE_LIMITED", "too many")


@dataclass
class Keys:
    """Raises the scripted errors, then releases keys."""

    said: list[Exception] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)

    async def release(self, grant: str, use: Use) -> Released:
        self.uses.append(use)
        if self.said:
            raise self.said.pop(0)
        return Released(b"sk-secret", "https://api")


@dataclass
class Provider:
    """Gives the answers in order, then the last one for ever."""

    answers: list[Answer | Unusable | Exception]
    asked: int = 0
    bodies: list[Mapping[str, Any]] = field(default_factory=list)

    async def ask(
        self,
        key: Released,
        body: Mapping[str, Any],
        *,
        account: str,
        read: Reads = whole,
        quick: int = LOOP_CHARACTERS,
    ) -> Answer | Unusable:
        self.asked += 1
        self.bodies.append(body)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Unusable):
            return answer
        kept = read(answer.texts[0])
        if isinstance(kept, Failure):
            return Unusable(kept, answer.input_tokens, answer.output_tokens, made=answer.texts[0])
        return replace(answer, texts=kept)


@dataclass
class Turns:
    """Grants every turn, and remembers what was parked."""

    left: list[float] = field(default_factory=list)
    parked: list[float] = field(default_factory=list)
    #: Whether other calls are answered, and for how long none was.
    others: bool = True
    refused: float = 0.0
    time: float = 0.0

    def now(self) -> float:
        self.time += 100.0
        return self.time

    def seconds_left(self, rate_key: str) -> float:
        return self.left.pop(0) if self.left else 0.0

    async def park(self, rate_key: str, seconds: float) -> None:
        self.parked.append(seconds)

    async def turn(self, rate_key: str, work: Ended) -> bool:
        return True

    async def smooth(self, rate_key: str) -> None:
        pass

    def heard(self, rate_key: str, started: float, said: Answer | Unusable) -> None:
        pass

    def answered_since(self, rate_key: str, started: float) -> bool:
        return self.others

    def refused_seconds(self, rate_key: str) -> float:
        return self.refused

    def refuses_all(self, rate_key: str) -> bool:
        return not self.others


class Quick(Ended):
    """Does not sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


async def call(
    *answers: Answer | Unusable | Exception,
    keys: Keys | None = None,
    turns: Turns | None = None,
    settings: PromptSettings = SETTINGS,
    provider: Provider | None = None,
    refused: RefusedParts | None = None,
) -> tuple[Called, Quick, Keys]:
    keys = keys or Keys()
    calls, ended = calls_of(provider or Provider(list(answers)), keys=keys, turns=turns, refused=refused)
    return await calls.call(3, 1, settings=settings, rate_key="p", prompt="Hi"), ended, keys


def calls_of(
    provider: Provider,
    *,
    keys: Keys | None = None,
    turns: Turns | None = None,
    refused: RefusedParts | None = None,
    outages: Outages | None = None,
) -> tuple[Calls, Quick]:
    ended = Quick()
    calls = Calls(
        keys=keys or Keys(),
        provider=provider,
        limiter=turns or Turns(),
        ended=ended,
        refused=refused or RefusedParts(),
        grant="g",
        claim=7,
        account="ada",
        dice=lambda: 0.5,
        outages=outages,
    )
    return calls, ended


def refused(reason: str, kind: Kind = Kind.PRECONDITION) -> RemoteError:
    return RemoteError(reason, kind, reason)


async def test_an_answer_ends_the_call() -> None:
    called, ended, keys = await call(Answer(("Hello",), 3, 4))
    assert (called.texts, called.calls, called.input_tokens, called.output_tokens) == (("Hello",), 1, 3, 4)
    assert keys.uses == [Use(row=3, template=1, claim=7, attempt=1)]
    assert ended.ending is None


async def test_a_key_is_released_for_every_attempt() -> None:
    called, ended, keys = await call(Unusable(MALFORMED), Unusable(MALFORMED), Answer(("Hello",)))
    assert (called.texts, called.calls) == (("Hello",), 3)
    assert [use.attempt for use in keys.uses] == [1, 2, 3]
    assert ended.slept == [0.375, 0.75]


async def test_three_failures_fail_the_row_with_the_last_reason() -> None:
    called, ended, _ = await call(Unusable(MALFORMED))
    assert (called.failure, called.calls, ended.ending) == (MALFORMED, 3, None)


async def test_an_answer_that_cannot_get_better_is_not_asked_for_again() -> None:
    called, _, _ = await call(Unusable(TRUNCATED, 5, 6))
    assert (called.failure, called.calls, called.output_tokens) == (TRUNCATED, 1, 6)


async def test_refusals_for_rate_do_not_use_up_the_attempts() -> None:
    refusals = [Unusable(RATE)] * 5
    called, _, _ = await call(*refusals, Unusable(MALFORMED), Unusable(MALFORMED), Answer(("Hello",)))
    assert (called.texts, called.calls) == (("Hello",), 8)


async def test_refusals_for_rate_end_somewhere() -> None:
    called, _, _ = await call(Unusable(RATE))
    assert (called.failure, called.calls) == (RATE, 10)


async def test_a_row_does_not_fail_for_a_provider_that_refuses_everybody() -> None:
    turns = Turns(others=False)
    called, ended, _ = await call(*[Unusable(RATE)] * 30, Answer(("Hello",)), turns=turns)
    assert (called.texts, called.calls, ended.ending) == (("Hello",), 31, None)


async def test_a_provider_that_refuses_everybody_for_too_long_pauses_the_job() -> None:
    called, ended, keys = await call(Unusable(RATE), turns=Turns(others=False, refused=301.0))
    assert (called.texts, called.failure) == (None, None)
    # The time before the job was resumed does not count, so it tries for the full time itself.
    assert len(keys.uses) == 2
    assert isinstance(ended.ending, Pause)
    assert (ended.ending.pause, ended.ending.reason) == ("PROVIDER_RATE_LIMIT", "PROVIDER_RATE_LIMITED")


async def test_a_key_that_came_after_a_word_to_wait_is_not_used() -> None:
    provider = Provider([Answer(("Hello",))])
    called, _, keys = await call(provider=provider, turns=Turns([0.0, 5.0, 0.0, 0.0]))
    assert (called.texts, called.calls, provider.asked) == (("Hello",), 1, 1)
    assert [use.attempt for use in keys.uses] == [1, 2]


async def test_a_refused_call_waits_alone_while_others_are_answered() -> None:
    turns = Turns(others=True)
    told = Failure(Verdict.RATE, "PROVIDER_RATE_LIMITED", "", wait_seconds=2.0)
    called, ended, _ = await call(Unusable(told), Answer(("Hello",)), turns=turns)
    assert (called.texts, turns.parked, ended.slept) == (("Hello",), [], [2.05])


AWAY = Unusable(Failure(Verdict.AGAIN, "PROVIDER_UNAVAILABLE", "away", is_outage=True))


async def test_no_row_fails_while_the_provider_is_away() -> None:
    provider, turns, outages = Provider([*[AWAY] * 30, Answer(("Hello",))]), Turns(others=False), Outages()
    calls, ended = calls_of(provider, turns=turns, outages=outages)
    outages.is_away("p", "another row", was_try=False)
    called = await calls.call(3, 1, settings=SETTINGS, rate_key="p", prompt="Hi")
    assert (called.texts, called.calls, ended.ending) == (("Hello",), 31, None)


async def test_a_call_that_fails_while_others_are_answered_fails_by_itself() -> None:
    calls, ended = calls_of(Provider([AWAY]), turns=Turns(others=True), outages=Outages())
    called = await calls.call(3, 1, settings=SETTINGS, rate_key="p", prompt="Hi")
    assert called.failure is not None
    assert (called.failure.reason, called.calls, ended.ending) == ("PROVIDER_UNAVAILABLE", 3, None)


async def test_a_row_that_alone_finds_the_provider_away_fails_in_the_end() -> None:
    calls, ended = calls_of(Provider([AWAY]), turns=Turns(others=False), outages=Outages())
    called = await calls.call(3, 1, settings=SETTINGS, rate_key="p", prompt="Hi")
    assert called.failure is not None
    assert (called.failure.reason, called.calls, ended.ending) == ("PROVIDER_UNAVAILABLE", 5, None)


async def test_a_provider_that_stays_away_frees_the_worker_and_pauses_the_job_in_the_end() -> None:
    time = [0.0]
    outages = Outages(clock=lambda: time[0])
    for lasts, ending in (
        (61.0, Again(20.0)),
        (601.0, Pause("PROVIDER_DOWN", "PROVIDER_DOWN", DOWN.message)),
    ):
        calls, ended = calls_of(Provider([AWAY]), turns=Turns(others=False), outages=outages)
        outages.is_away("p", "another row", was_try=False)
        time[0] = lasts
        called = await calls.call(3, 1, settings=SETTINGS, rate_key="p", prompt="Hi")
        assert (called.failure, ended.ending) == (None, ending)


async def test_a_wait_that_is_asked_of_everybody_parks_everybody() -> None:
    turns = Turns(others=False)
    told = Failure(Verdict.RATE, "PROVIDER_RATE_LIMITED", "", wait_seconds=2.0)
    called, ended, _ = await call(Unusable(told), Answer(("Hello",)), turns=turns)
    assert (called.texts, turns.parked, ended.slept) == (("Hello",), [2.0], [])


async def test_a_long_wait_gives_the_shard_back() -> None:
    called, ended, keys = await call(Answer(("Hello",)), turns=Turns([600.0]))
    assert (called.texts, ended.ending, keys.uses) == (None, Again(600), [])


async def test_a_use_whose_answer_was_lost_is_not_used_again() -> None:
    keys = Keys([refused("RELEASE_REPLAYED", Kind.EXISTS)])
    called, _, _ = await call(Answer(("Hello",)), keys=keys)
    assert called.texts == ("Hello",)
    assert [use.attempt for use in keys.uses] == [1, 2]


async def test_a_vault_that_is_away_is_waited_for_and_then_left_to_the_queue() -> None:
    called, ended, _ = await call(Answer(("Hello",)), keys=Keys([Unavailable(), Unavailable()]))
    assert (called.texts, called.calls, len(ended.slept)) == (("Hello",), 1, 2)
    called, ended, keys = await call(Answer(("Hello",)), keys=Keys([Unavailable()] * 20))
    assert (called.texts, ended.ending, len(keys.uses)) == (None, Again(5.0, "UNAVAILABLE"), 8)


async def test_a_refused_release_pauses_the_job() -> None:
    for reason, pause in {
        "API_KEY_DELETED": "API_KEY_DELETED",
        "GRANT_EXPIRED": "GRANT_EXPIRED",
        "GRANT_REVOKED": "GRANT_EXPIRED",
        "GRANT_EXHAUSTED": "GRANT_EXPIRED",
    }.items():
        called, ended, _ = await call(Answer(("Hello",)), keys=Keys([refused(reason)]))
        ending: Ending | None = ended.ending
        assert isinstance(ending, Pause)
        assert (called.calls, ending.pause, ending.reason) == (0, pause, reason)


async def test_an_address_that_is_not_allowed_fails_the_job() -> None:
    called, ended, _ = await call(AddressNotAllowed())
    assert called.texts is None
    assert isinstance(ended.ending, Fail)
    assert ended.ending.reason == "BASE_URL_NOT_ALLOWED"


def without(part: str) -> Unusable:
    return Unusable(Failure(Verdict.ROW_FAILS, "PROVIDER_REJECTED", "no", parts=frozenset({part})))


async def test_a_refused_parameter_is_left_out_once_and_for_all_rows() -> None:
    provider, refused = Provider([without("temperature"), Answer(("Hello",))]), RefusedParts()
    called, _, keys = await call(provider=provider, refused=refused)
    assert (called.texts, called.calls, len(keys.uses)) == (("Hello",), 2, 2)
    assert ["temperature" in body for body in provider.bodies] == [True, False]
    again = Provider([Answer(("Hello",))])
    await call(provider=again, refused=refused)
    assert ["temperature" in body for body in again.bodies] == [False]


async def test_what_is_refused_is_learnt_only_from_an_answer() -> None:
    refused = RefusedParts()
    provider = Provider([without("temperature"), Unusable(RATE)])
    await call(provider=provider, refused=refused)
    assert refused.of("p") == frozenset()
    await call(without("temperature"), Answer(("Hello",)), refused=refused)
    assert refused.of("p") == {"temperature"}


async def test_a_schema_is_asked_for_in_ever_simpler_ways() -> None:
    settings = PromptSettings("p", "Fit", "model", 0.7, 500, json_schema=SCHEMA)
    fitting = Answer(('{"score": 7, "reason": "big"}',))
    provider, refused = Provider([without("json_schema"), without("json_object"), fitting]), RefusedParts()
    called, _, _ = await call(provider=provider, settings=settings, refused=refused)
    formats = [body.get("response_format", {}).get("type") for body in provider.bodies]
    assert (called.texts, formats) == (("7", "big"), ["json_schema", "json_object", None])
    assert refused.of("p") == {"json_schema", "json_object"}


async def test_a_refusal_for_one_prompt_among_answered_ones_is_that_rows() -> None:
    row = Failure(Verdict.ROW_FAILS, "PROVIDER_REJECTED", "refused this row")
    forbidden = Failure(Verdict.JOB_PAUSES, "PROVIDER_AUTH", "the key", said="nope", if_answered=row)
    called, ended, _ = await call(Unusable(forbidden), turns=Turns(others=True))
    assert (called.failure, ended.ending) == (replace(row, said="nope"), None)
    called, ended, _ = await call(Unusable(forbidden), turns=Turns(others=False))
    assert (called.failure, ended.ending) == (
        None,
        Pause("PROVIDER_AUTH", "PROVIDER_AUTH", "the key", "nope"),
    )


async def test_a_provider_that_rejects_every_row_pauses_the_job_after_a_handful() -> None:
    rejected = Unusable(Failure(Verdict.ROW_FAILS, "PROVIDER_REJECTED", "The model m-9 is not there"))
    provider = Provider([*[rejected] * 4, Answer(("Hello",)), rejected])
    calls, ended = calls_of(provider)
    failed = [await calls.call(row, 0, settings=SETTINGS, rate_key="p", prompt="Hi") for row in range(1, 11)]
    assert [called.failure is not None for called in failed] == [*[True] * 4, False, *[True] * 5]
    ending: Ending | None = ended.ending
    assert isinstance(ending, Pause)
    assert (ending.pause, ending.reason) == ("PROVIDER_REJECTED", "PROVIDER_REJECTED")
    assert "The model m-9 is not there" in ending.message
    assert SETTINGS.model in ending.message


async def test_a_provider_that_never_answers_anything_pauses_the_job_as_well() -> None:
    calls, ended = calls_of(Provider([Unusable(MALFORMED)]))
    failed = [await calls.call(row, 0, settings=SETTINGS, rate_key="p", prompt="Hi") for row in range(1, 6)]
    assert all(called.suspicion is not None and not called.suspicion.cleared for called in failed)
    ending: Ending | None = ended.ending
    assert isinstance(ending, Pause)
    assert (ending.pause, ending.reason) == ("PROVIDER_REJECTED", "PROVIDER_ANSWER_INVALID")


async def test_failures_after_an_answer_are_those_of_their_rows() -> None:
    calls, ended = calls_of(Provider([Answer(("Hello",)), Unusable(MALFORMED)]))
    failed = [await calls.call(row, 0, settings=SETTINGS, rate_key="p", prompt="Hi") for row in range(9)]
    assert [called.suspicion for called in failed] == [None] * 9
    assert ended.ending is None


async def test_counts_that_are_missing_are_estimated_and_said_to_be() -> None:
    called, _, _ = await call(Answer(("Hello",), 30, 4))
    assert (called.input_tokens, called.output_tokens, called.is_estimated) == (30, 4, False)
    called, _, _ = await call(Answer(("Hello there!",), None, None))
    assert (called.input_tokens > 20, called.output_tokens, called.is_estimated) == (True, 3, True)
    called, _, _ = await call(Answer(("Hello there!",), 30, None))
    assert (called.input_tokens, called.output_tokens, called.is_estimated) == (30, 3, True)
    called, _, _ = await call(Unusable(TRUNCATED, 30, None, made="He"))
    assert (called.output_tokens, called.is_estimated) == (500, True)
    called, _, _ = await call(Unusable(Failure(Verdict.ROW_FAILS, "PROVIDER_REJECTED", "no")))
    assert (called.input_tokens, called.output_tokens, called.is_estimated) == (0, 0, False)


async def test_an_answer_is_never_asked_for_without_a_limit() -> None:
    provider = Provider([without("max_tokens"), without("max_completion_tokens"), Answer(("Hello",))])
    called, _, _ = await call(provider=provider)
    limits = [{"max_tokens", "max_completion_tokens"} & body.keys() for body in provider.bodies]
    assert limits == [{"max_tokens"}, {"max_completion_tokens"}, {"max_tokens"}]
    assert called.texts == ("Hello",)


async def test_a_parameter_that_stays_refused_fails_the_row() -> None:
    provider = Provider([without("temperature")])
    called, ended, _ = await call(provider=provider)
    assert (called.failure is not None, called.calls, ended.ending) == (True, 2, None)


TOO_HIGH = "the value is greater than the maximum of 100"
SCHEMA = '{"type":"object","properties":{"score":{"type":"integer"},"reason":{"type":"string"}}}'


async def test_an_answer_that_does_not_fit_its_schema_is_asked_for_again() -> None:
    settings = PromptSettings("p", "Fit", "model", 0.7, 500, json_schema=SCHEMA)
    fitting = Answer(('{"score": 7, "reason": "big"}',))
    called, _, _ = await call(
        Answer(("seven",)), Answer(('{"score": "7", "reason": ""}',)), fitting, settings=settings
    )
    assert (called.texts, called.calls) == (("7", "big"), 3)
    called, _, _ = await call(Answer(("seven",)), settings=settings)
    assert called.failure is not None
    assert (called.failure.reason, called.calls) == ("OUTPUT_SCHEMA_MISMATCH", 3)


async def test_a_row_says_where_its_answer_does_not_fit() -> None:
    schema = find("qualify-score").fields.settings.json_schema
    settings = PromptSettings("p", "Fit", "model", 0.7, 500, json_schema=schema)
    called, _, _ = await call(Answer(('{"score": 101, "reason": "big"}',)), settings=settings)
    assert (called.failure is not None, called.calls) == (True, 3)
    assert called.failure == replace(UNFITTING, message=f"{UNFITTING.message}: score: {TOO_HIGH}")


async def test_a_schema_that_is_no_longer_accepted_fails_its_rows_before_anything_is_paid_for() -> None:
    schema = '{"type":"object","properties":{"a":{"type":"object","$ref":"https://example.com/a"}}}'
    settings = PromptSettings("p", "Fit", "model", 0.7, 500, json_schema=schema)
    called, ended, keys = await call(Answer(('{"a": {}}',)), settings=settings)
    assert called.failure is not None
    assert (called.failure.reason, called.calls) == ("OUTPUT_SCHEMA_MISMATCH", 0)
    assert "no longer accepted: it must not refer to anything outside" in called.failure.message
    assert (keys.uses, ended.ending) == ([], None)
