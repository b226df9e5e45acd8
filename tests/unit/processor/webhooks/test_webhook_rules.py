"""What is sent to webhooks, when it is sent again, and where it may go."""

import base64
from datetime import UTC, datetime

import orjson
import pytest

from services.processor.webhooks.attempts import (
    RETRY_SECONDS,
    Attempt,
    Delivered,
    GivenUp,
    SendAgain,
    judge,
    reason_of,
)
from services.processor.webhooks.messages import TEST, Message, body, headers, signed_content

TIME = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
PAUSED = Message("d1", "w1", "job.paused", TIME, "j1", "PAUSED", "BUDGET", "", 10, 4, 1, 2)


def test_a_message_names_its_job_and_counts_and_nothing_else() -> None:
    assert orjson.loads(body(PAUSED)) == {
        "type": "job.paused",
        "timestamp": "2026-01-02T03:04:05.678Z",
        "data": {
            "job": "jobs/j1",
            "state": "PAUSED",
            "pause_reason": "BUDGET",
            "error_reason": "",
            "request_counts": {"total": 10, "succeeded": 4, "failed": 1, "skipped": 2},
        },
    }
    assert body(PAUSED) == body(PAUSED)


def test_a_test_names_its_webhook() -> None:
    assert orjson.loads(body(Message("d1", "w1", TEST, TIME)))["data"] == {"webhook": "webhooks/w1"}


def test_id_time_and_body_are_signed_and_every_signature_is_shown() -> None:
    assert signed_content(PAUSED, b"{}", seconds=1700000000) == b"msg_d1.1700000000.{}"
    shown = headers(PAUSED, [b"a" * 32, b"b" * 32], seconds=1700000000)
    assert shown["webhook-id"] == "msg_d1"
    assert shown["webhook-timestamp"] == "1700000000"
    first, second = shown["webhook-signature"].split(" ")
    assert base64.b64decode(first.removeprefix("v1,")) == b"a" * 32
    assert second.startswith("v1,")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (200, ""),
        (204, ""),
        (299, ""),
        (302, "REDIRECTED"),
        (410, "GONE"),
        (400, "HTTP_STATUS"),
        (503, "HTTP_STATUS"),
    ],
)
def test_only_a_2xx_status_is_a_success(status: int, reason: str) -> None:
    assert reason_of(status) == reason


def test_attempts_are_spread_over_days_and_end() -> None:
    failed = Attempt(500, "HTTP_STATUS")
    waits = []
    for failures in range(1, len(RETRY_SECONDS) + 1):
        outcome = judge(failed, event="job.completed", failures=failures, dice=0.5)
        assert isinstance(outcome, SendAgain)
        waits.append(outcome.seconds)
    assert waits == list(RETRY_SECONDS)
    assert 2.5 < sum(waits) / 86400 < 4
    assert judge(failed, event="job.completed", failures=10, dice=0.5) == GivenUp("FAILING")
    low, high = (judge(failed, event="job.failed", failures=2, dice=dice) for dice in (0.0, 1.0))
    assert low != high


def test_retry_after_puts_a_message_off_for_an_hour_at_most() -> None:
    def wait(seconds: float) -> object:
        return judge(Attempt(503, "HTTP_STATUS", seconds), event="job.failed", failures=1, dice=0.5)

    assert wait(0) == SendAgain(5)
    assert wait(60) == SendAgain(60)
    assert wait(10**9) == SendAgain(3600)


def test_what_was_taken_gone_or_only_a_test_is_not_sent_again() -> None:
    assert judge(Attempt(204), event="job.completed", failures=1, dice=0.5) == Delivered()
    assert judge(Attempt(410, "GONE"), event="job.completed", failures=1, dice=0.5) == GivenUp("GONE")
    assert judge(Attempt(500, "HTTP_STATUS"), event=TEST, failures=1, dice=0.5) == GivenUp()
