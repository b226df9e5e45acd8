"""The rules of economy jobs: how they are cut, when batches are looked at, what failures mean."""

from dataclasses import replace
from math import ceil

import pytest

from services.processor.economy.batch import ranges
from services.processor.economy.course import LONGEST_POLL_SECONDS, poll_seconds
from services.processor.economy.trouble import Trouble, is_open
from services.processor.jobs.economy import BATCH_ROWS
from services.processor.jobs.grants import BATCH_USES
from services.processor.jobs.plan import cut, cut_for
from services.processor.provider import failures
from services.processor.rows.claims import Claim
from services.processor.rows.endings import Again, Pause

DAY = 86_400
CLAIM = Claim(
    job="j1",
    number=0,
    fence=1,
    claims=1,
    first_row=1,
    last_row=10,
    calls=5,
    account="ada",
    file="files/f1",
    parse=1,
    api_key="apiKeys/k1",
    wrapped_key=b"",
    snapshot=b"",
    grant_id="g1",
    sealed_grant=None,
    grant="",
)


@pytest.mark.parametrize("rows", [1, 9_999, 10_000, 10_001, 50_000, 1_000_000])
@pytest.mark.parametrize("calls", [1, 5, 1000])
def test_shards_of_an_economy_job_are_batches_and_hold_every_row(rows: int, calls: int) -> None:
    shards = cut_for(rows, calls, "ORDINARY")
    assert shards.rows <= BATCH_ROWS
    assert (shards.count - 1) * shards.rows < rows <= shards.count * shards.rows
    assert shards.count == ceil(rows / BATCH_ROWS)
    assert 1 <= shards.window <= min(shards.count, calls)
    assert sum(shards.calls) <= calls
    assert cut_for(rows, calls, "") == cut(rows, calls)


def test_a_batch_of_a_day_is_looked_at_within_its_releases() -> None:
    age, looks = 0.0, 0
    while age < DAY + LONGEST_POLL_SECONDS:
        age += poll_seconds(age, 60.0)
        looks += 1
    # The rest is for uploading, making, finding, collecting, cancelling and deleting it.
    assert looks <= BATCH_USES - 20


def test_a_young_batch_is_looked_at_soon_and_an_old_one_not_too_late() -> None:
    assert poll_seconds(0, 60.0) == 60.0
    assert poll_seconds(6_000, 60.0) == 600.0
    assert poll_seconds(DAY, 60.0) == LONGEST_POLL_SECONDS


def test_the_log_names_rows_as_ranges() -> None:
    assert ranges([1, 2, 3, 7, 9, 10]) == "1-3,7,9-10"
    assert ranges([]) == ""
    assert ranges(range(1, 1001, 2)).endswith("399,...")


def test_calls_that_fail_wait_and_after_a_while_the_job_pauses() -> None:
    now = [0.0]
    trouble = Trouble(again_seconds=15, patience_seconds=600, clock=lambda: now[0])
    assert trouble.met(CLAIM, failures.UNREACHABLE) == Again(15)
    assert trouble.met(CLAIM, replace(failures.UNREACHABLE, wait_seconds=40.0)) == Again(40.0)
    now[0] = 601.0
    ending = trouble.met(CLAIM, failures.UNREACHABLE)
    assert isinstance(ending, Pause)
    assert ending.reason == "PROVIDER_DOWN"
    # Once resumed, it has its patience again; so it has after a call that was answered.
    assert trouble.met(CLAIM, failures.UNREACHABLE) == Again(15)
    trouble.is_over(CLAIM)
    now[0] = 1_300.0
    assert trouble.met(CLAIM, failures.UNREACHABLE) == Again(15)


@pytest.mark.parametrize(
    ("failure", "pause"),
    [
        (failures.BATCHES_UNSUPPORTED, "BATCH_REFUSED"),
        (failures.BATCH_REFUSED, "BATCH_REFUSED"),
        (failures.BATCH_QUEUE_FULL, "PROVIDER_RATE_LIMIT"),
        (failures.KEY_UNSENDABLE, "PROVIDER_AUTH"),
    ],
)
def test_refusals_pause_the_job_for_a_reason_of_the_contract(failure: failures.Failure, pause: str) -> None:
    ending = Trouble(again_seconds=15, patience_seconds=600).met(CLAIM, failure)
    assert isinstance(ending, Pause)
    assert (ending.pause, ending.reason) == (pause, failure.reason)


def test_only_a_call_that_was_not_answered_may_have_had_its_effect() -> None:
    assert is_open(failures.UNREACHABLE)
    assert is_open(failures.TIMED_OUT)
    assert is_open(failures.MALFORMED)
    assert not is_open(failures.NOT_CONNECTED)
    assert not is_open(failures.BATCH_REFUSED)
