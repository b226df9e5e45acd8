"""Each of the stand-in's scenarios with a real worker over real HTTP, and what the owner of the job sees."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import pytest

from deploy.local.provider_scenarios import SCENARIOS
from tests.integration.processor.stand_in_services import World
from tests.integration.processor.suite import Person, Process, State
from tests.support.provider import Provider
from tests.support.vault.known import ApiKey
from tests.support.vault.stand_in import VaultStandIn

SCHEMA = '{"type":"object","properties":{"score":{"type":"integer"}}}'
#: A plain row, and rows that some scenarios treat otherwise.
NAMES = ["person-1.", "person-2.", "a flagged one.", "a blocked one.", "a large one."]
LONG = pytest.mark.long


@dataclass(frozen=True)
class Seen:
    """What the owner sees: the state, the answer of the first row, and the reasons of rows that failed."""

    state: int = State.COMPLETED
    #: Part of the first answer; empty where the row failed.
    answer: str = "person-1."
    #: By the number of the row, or of all rows.
    failed: str | dict[int, str] = ""
    paused: str = ""
    flag: str = ""
    schema: str = ""
    #: At most this many calls for the five rows.
    calls: int = 5


def failing(reason: str, *, calls: int = 5) -> Seen:
    return Seen(answer="", failed=reason, calls=calls)


def pausing(reason: str, *, calls: int = 10) -> Seen:
    return Seen(State.PAUSED, answer="", paused=reason, calls=calls)


#: One call finds the refusal out; the calls in flight beside it find it, too.
LEARNING = Seen(calls=10)
INVALID = "PROVIDER_ANSWER_INVALID"
EXPECTED: dict[str, Seen] = {
    "extra-forbidden": LEARNING,
    "unknown-name": LEARNING,
    "flat-error": LEARNING,
    "one-temperature": LEARNING,
    "no-json-schema": Seen(answer="7", schema=SCHEMA, calls=10),
    "no-response-format": Seen(answer="7", schema=SCHEMA, calls=15),
    "no-system-role": LEARNING,
    "cut-off": failing("OUTPUT_TRUNCATED"),
    "only-thought": failing("OUTPUT_TRUNCATED"),
    "filtered": failing("CONTENT_FILTERED"),
    "broken-off": Seen(calls=10),
    "no-choices": Seen(calls=10),
    "error-in-200": Seen(calls=10),
    "unknown-end": Seen(answer="Hello there", flag="unknown_finish"),
    "parts": Seen(answer="Hello there"),
    "think-tags": Seen(answer="Hello there", flag="has_thinking"),
    "events": Seen(answer="Hello there"),
    "packed": Seen(answer="Hello"),
    "no-credits": pausing("PROVIDER_QUOTA"),
    "low-balance": pausing("PROVIDER_QUOTA"),
    "flagged-prompts": Seen(failed={3: "CONTENT_FILTERED"}),
    "blocked-pages": Seen(failed={4: "PROVIDER_REJECTED"}, calls=10),
    "daily-headers": Seen(),
    "stray-429": Seen(calls=10),
    "all-429": Seen(calls=15),
    "wait-in-words": Seen(calls=15),
    "wait-in-details": Seen(calls=15),
    "too-large": Seen(failed={5: "PROVIDER_REJECTED"}, calls=7),
    "no-usage": Seen(),
    "usage-of-floats": Seen(),
    "usage-of-thoughts": Seen(),
    "outage": Seen(calls=40),
    "bomb": pausing(INVALID, calls=30),
    "deep": pausing(INVALID, calls=30),
    "long-number": pausing(INVALID, calls=30),
    "half-character": pausing(INVALID, calls=30),
    "many-headers": pausing("PROVIDER_UNAVAILABLE", calls=30),
    "key-in-answer": failing(INVALID),
}
#: Others are played in test_job_faults.py and test_dialects.py.
NOT_HERE = {"down", "slow"}
#: One of each kind is played in every run, all of them in the long one.
SHORT = {
    "extra-forbidden",
    "no-response-format",
    "only-thought",
    "think-tags",
    "flagged-prompts",
    "wait-in-words",
}
SHORT |= {"no-usage", "bomb", "key-in-answer"}


def test_each_scenario_is_expected_to_come_to_something() -> None:
    assert EXPECTED.keys() | NOT_HERE == SCENARIOS.keys()


@pytest.mark.parametrize(
    "name", [pytest.param(each, marks=() if each in SHORT else LONG) for each in EXPECTED]
)
async def test_a_scenario_comes_to_what_its_owner_can_understand(
    ada: Person, worker: Process, world: World, vault: VaultStandIn, provider: Provider, name: str
) -> None:
    seen = EXPECTED[name]
    base_url = provider.base_url.removesuffix("/v1") + f"/scenario/{name}/v1"
    vault.usual_key = ApiKey(f"apiKeys/{secrets.token_hex(4)}", base_url)
    template = {"json_schema": seen.schema, "column": "Fit"} if seen.schema else {}
    file = world.add_file(["Name"], [[each] for each in NAMES])
    job = await ada.start(file, await ada.template("Say hello to {{Name}}", **template), parallel_calls=5)
    done = await ada.until(job.name, State.COMPLETED, State.PAUSED, State.FAILED)
    assert (done.state, done.error.reason) == (seen.state, seen.paused)
    rows = (await ada.rows(done.name)).rows
    if not seen.paused:
        reasons = {number: row.error.reason for number, row in enumerate(rows, 1) if row.error.reason}
        every = (
            dict.fromkeys(range(1, len(NAMES) + 1), seen.failed)
            if isinstance(seen.failed, str)
            else seen.failed
        )
        assert reasons == {number: reason for number, reason in every.items() if reason}
        assert seen.answer in "".join(rows[0].outputs.values())
        assert seen.flag in ("", *rows[0].flags)
    assert provider.summary()["total"] <= seen.calls
