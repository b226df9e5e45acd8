"""What a job shows, and payloads that open only under its own key."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.common.paging import PageTokenInvalid
from services.common.sealing import PayloadSealer, fields
from services.processor.jobs.errors import SnapshotDamaged
from services.processor.jobs.job import Job, State
from services.processor.jobs.plan import Snapshot, Step
from services.processor.jobs.seal import JobSeal, RowPayload
from services.processor.results.pages import FilterInvalid, RowState, Wanted, parse_filter, row_of, token_of
from services.processor.templates.prompt_settings import PromptSettings

START = datetime(2026, 1, 1, tzinfo=UTC)
JOB = Job(
    id="a",
    account="ada",
    file="files/a",
    parse=1,
    templates=("templates/a",),
    first_row=1,
    last_row=100,
    parallel_calls=5,
    api_key="apiKeys/a",
    state=State.RUNNING,
    pause_reason="NOT_PAUSED",
    error_reason="",
    error_message="",
    succeeded=20,
    failed=5,
    input_tokens=0,
    output_tokens=0,
    mark_time=None,
    mark_done=0,
    mark_rate=0.0,
    create_time=START,
    start_time=START,
    end_time=None,
    wrapped_key=b"",
    grant_id="",
)


def test_rate_and_time_to_go_follow_from_the_counters() -> None:
    now = START + timedelta(seconds=5)
    assert (JOB.total, JOB.done, JOB.percent) == (100, 25, 25.0)
    assert JOB.rows_per_second(now) == 5.0
    assert JOB.eta_seconds(now) == 15
    marked = replace(JOB, mark_time=now, mark_rate=25.0)
    assert (marked.rows_per_second(now), marked.eta_seconds(now)) == (25.0, 3)
    assert marked.rows_per_second(now + timedelta(seconds=60)) == 0.0
    ended = replace(JOB, state=State.COMPLETED, succeeded=95, end_time=now)
    assert (ended.rows_per_second(now + timedelta(days=1)), ended.eta_seconds(now)) == (20.0, 0)
    assert replace(JOB, state=State.PAUSED).rows_per_second(now) == 0.0
    assert replace(JOB, state=State.PENDING, succeeded=0, failed=0, start_time=None).eta_seconds(now) == 0


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", Wanted()),
        ("  ", Wanted()),
        ("state = FAILED", Wanted(RowState.FAILED)),
        ('state="PENDING"', Wanted(RowState.PENDING)),
        ("flag = forbidden_word", Wanted(None, 1)),
        ("flag=forbidden_word AND state = SUCCEEDED AND flag = generic", Wanted(RowState.SUCCEEDED, 129)),
    ],
)
def test_filters(text: str, wanted: Wanted) -> None:
    assert parse_filter(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "state = failed",
        "state != FAILED",
        "flag = x",
        "state = FAILED OR 1",
        "state = FAILED AND state = SUCCEEDED",
        "flag = generic AND",
        "flags = generic",
        '"state" = FAILED',
    ],
)
def test_other_filters_are_refused(text: str) -> None:
    with pytest.raises(FilterInvalid):
        parse_filter(text)


def test_row_tokens_come_back_and_others_are_refused() -> None:
    assert (row_of(token_of(4711)), row_of("")) == (4711, 0)
    for token in ("x", "cm93", "cm93fC0x", "cm93fDEyMzQ1Njc4OTAxMjM", "\N{SNOWMAN}"):
        with pytest.raises(PageTokenInvalid):
            row_of(token)


SNAPSHOT = Snapshot(
    ("A",), (Step("templates/a", PromptSettings("{{A}}", "X", forbidden_words=("cheap",))),), "https://api/v1"
)


def test_payloads_open_for_their_own_job_and_row_only() -> None:
    key = bytes(range(32))
    seal = JobSeal(key, "ada", "jobs/a")
    assert seal.open_snapshot(seal.seal_snapshot(SNAPSHOT)) == SNAPSHOT
    sealed = seal.seal_row(3, RowPayload(("Hi",), "why", (5,)))
    assert seal.open_row(3, sealed) == RowPayload(("Hi",), "why", (5,))
    for other, row in (
        (seal, 4),
        (JobSeal(key, "eve", "jobs/a"), 3),
        (JobSeal(key, "ada", "jobs/b"), 3),
        (JobSeal(bytes(32), "ada", "jobs/a"), 3),
    ):
        with pytest.raises(SnapshotDamaged):
            other.open_row(row, sealed)
    with pytest.raises(SnapshotDamaged):
        seal.open_snapshot(sealed)


def test_what_was_sealed_before_there_were_flags_still_opens() -> None:
    key, about = bytes(range(32)), fields("job", "ada", "jobs/a")
    old = PayloadSealer(key, about)
    seal = JobSeal(key, "ada", "jobs/a")
    assert seal.open_row(3, old.seal(b'[["Hi"],""]', fields("row", 3))) == RowPayload(("Hi",), "", (0,))
    step = b'{"template":"templates/a","prompt":"p","output_column":"X","model":"m",'
    step += b'"temperature":1,"max_tokens":5}'
    snapshot = b'{"columns":["A"],"steps":[' + step + b'],"base_url":"b"}'
    opened = seal.open_snapshot(old.seal(snapshot, fields("snapshot")))
    assert opened == Snapshot(("A",), (Step("templates/a", PromptSettings("p", "X", "m", 1, 5)),), "b")
