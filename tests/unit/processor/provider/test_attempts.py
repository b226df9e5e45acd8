"""What each kind of failed call means, as a table."""

from datetime import UTC, datetime

import pytest

from services.processor.jobs.grants import release_budget
from services.processor.provider.failures import (
    LONGEST_WAIT_SECONDS,
    Verdict,
    backoff_seconds,
    judge,
    retry_after,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "error", "verdict", "reason"),
    [
        (400, {"code": "invalid_value"}, Verdict.ROW_FAILS, "PROVIDER_REJECTED"),
        (404, {"code": "model_not_found"}, Verdict.ROW_FAILS, "PROVIDER_REJECTED"),
        (413, {}, Verdict.ROW_FAILS, "PROVIDER_REJECTED"),
        (422, {}, Verdict.ROW_FAILS, "PROVIDER_REJECTED"),
        (307, {}, Verdict.ROW_FAILS, "PROVIDER_REJECTED"),
        (401, {}, Verdict.JOB_PAUSES, "PROVIDER_AUTH"),
        (403, {}, Verdict.JOB_PAUSES, "PROVIDER_AUTH"),
        (402, {}, Verdict.JOB_PAUSES, "PROVIDER_QUOTA"),
        (429, {"code": "insufficient_quota"}, Verdict.JOB_PAUSES, "PROVIDER_QUOTA"),
        (429, {"type": "insufficient_quota", "code": None}, Verdict.JOB_PAUSES, "PROVIDER_QUOTA"),
        (429, {"code": "rate_limit_exceeded"}, Verdict.RATE, "PROVIDER_RATE_LIMITED"),
        (408, {}, Verdict.AGAIN, "PROVIDER_UNAVAILABLE"),
        (409, {}, Verdict.AGAIN, "PROVIDER_UNAVAILABLE"),
        (500, {}, Verdict.AGAIN, "PROVIDER_UNAVAILABLE"),
        (503, {"code": 7}, Verdict.AGAIN, "PROVIDER_UNAVAILABLE"),
        (599, {}, Verdict.AGAIN, "PROVIDER_UNAVAILABLE"),
    ],
)
def test_a_status_means(status: int, error: dict[str, object], verdict: Verdict, reason: str) -> None:
    failure = judge(status, error, {}, NOW)
    assert (failure.verdict, failure.reason) == (verdict, reason)


def test_only_a_code_of_the_provider_is_shown_and_never_its_words() -> None:
    said = {"code": "sk-test KEY <b>", "message": "your key sk-test-1234"}
    assert judge(400, said, {}, NOW).message == "The provider rejected the request (status 400)"
    shown = judge(400, {"code": "invalid_value"}, {}, NOW).message
    assert shown == "The provider rejected the request (status 400, invalid_value)"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "60"}, 1.5),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:30 GMT"}, 30.0),
        ({"retry-after": "Wed, 31 Dec 2025 00:00:00 GMT"}, 0.0),
        ({"retry-after": "999999999"}, LONGEST_WAIT_SECONDS),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
    ],
)
def test_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


def test_backoff_doubles_with_jitter_and_ends_somewhere() -> None:
    assert [backoff_seconds(failed, 0.999999) for failed in (1, 2, 3)] == pytest.approx([0.5, 1, 2], rel=1e-3)
    assert backoff_seconds(1, 0.0) == 0.25
    assert backoff_seconds(1000, 0.5) <= 20


def test_the_release_budget_covers_all_attempts_and_some_takeovers() -> None:
    assert release_budget(1, 1) == 3 + 8
    assert release_budget(2000, 2) == 12_000 + 8 * 1000


@pytest.mark.parametrize(
    ("status", "error", "parameter"),
    [
        (400, {"code": "unsupported_parameter", "param": "max_tokens"}, "max_tokens"),
        (400, {"code": "unsupported_value", "param": "temperature", "message": "x"}, "temperature"),
        (400, {"message": "Unrecognized request argument supplied: store"}, "store"),
        (422, {"message": "response_format: Extra inputs are not permitted"}, "response_format"),
        (400, {"message": "'max_tokens' is not supported, use 'max_completion_tokens'"}, "max_tokens"),
        (400, {"code": "invalid_value", "param": "max_tokens", "message": "max_tokens is too large"}, ""),
        (400, {"code": "unsupported_parameter", "param": "messages"}, ""),
        (400, {"message": "The temperature of the room is not good"}, ""),
        (404, {"code": "unsupported_parameter", "param": "store"}, ""),
        (400, {"message": 7, "param": ["store"], "code": {}}, ""),
    ],
)
def test_a_refusal_of_one_parameter_is_told_from_others(
    status: int, error: dict[str, object], parameter: str
) -> None:
    assert judge(status, error, {}, datetime(2026, 1, 1, tzinfo=UTC)).parameter == parameter
