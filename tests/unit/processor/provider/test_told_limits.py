"""How limits are read from headers."""

import pytest

from services.processor.provider.announced_limits import Told, calls_a_second, told_by


def requests(limit: str, remaining: str, reset: str) -> Told:
    return Told(limit, remaining, reset, "", "", "")


@pytest.mark.parametrize(
    ("limit", "remaining", "reset", "rate"),
    [
        ("500", "499", "120ms", 500 / 60),
        ("30000", "29999", "2ms", 500.0),
        ("30000", "29000", "2s", 500.0),
        ("10000", "9999", "8.64s", 10000 / 86400),
        ("14400", "14370", "2m59.56s", 14400 / 86400),
        ("3600", "3599", "1s", 1.0),
        # The whole limit is refilled at once, at the end of the minute or of the hour.
        ("600", "599", "40s", 10.0),
        ("600", "0", "60", 10.0),
        ("3600", "10", "30m0s", 1.0),
        ("600", "", "", 10.0),
        ("600", "600", "0s", 10.0),
    ],
)
def test_limits_are_read_with_their_period(limit: str, remaining: str, reset: str, rate: float) -> None:
    assert calls_a_second(requests(limit, remaining, reset), 0.0) == pytest.approx(rate, rel=0.001)


@pytest.mark.parametrize("limit", ["", "0", "-5", "nan", "inf", "1e99", "many", "\u0661\u0662x"])
def test_nonsense_is_no_limit(limit: str) -> None:
    assert calls_a_second(requests(limit, "x", "y"), 0.0) == 0.0


def test_tokens_bind_when_they_run_out_first() -> None:
    told = Told("600", "599", "100ms", "60000", "59000", "1s")
    assert calls_a_second(told, 200.0) == pytest.approx(5.0)
    assert calls_a_second(told, 10.0) == pytest.approx(10.0)
    assert calls_a_second(told, 0.0) == pytest.approx(10.0)


def test_headers_are_found_and_cut_to_a_length() -> None:
    assert told_by({"content-type": "x"}) is None
    told = told_by({"x-ratelimit-limit-requests": "5" * 1000})
    assert told is not None
    assert len(told.limit_requests) < 100
