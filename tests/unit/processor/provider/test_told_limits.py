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
        # What remains of a day's or an hour's allowance is there to be used, ever slower towards its end.
        ("10000", "9999", "8.64s", 10000 / 86400 + 9999 / 60),
        ("14400", "14370", "2m59.56s", 14400 / 86400 + 14370 / 60),
        ("10000", "60", "85881.6s", 10000 / 86400 + 1),
        ("10000", "0", "86400s", 10000 / 86400),
        ("3600", "3599", "1s", 1.0 + 3599 / 60),
        # The whole limit is refilled at once, at the end of the minute or of the hour.
        ("600", "599", "40s", 10.0),
        ("600", "0", "60", 10.0),
        ("3600", "0", "30m0s", 1.0),
        ("600", "", "", 10.0),
        ("600", "600", "0s", 10.0),
    ],
)
def test_limits_are_read_with_their_period(limit: str, remaining: str, reset: str, rate: float) -> None:
    assert calls_a_second(requests(limit, remaining, reset), 0.0) == pytest.approx(rate, rel=0.001)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-ratelimit-limit": "600", "x-ratelimit-remaining": "599", "x-ratelimit-reset": "60"},
        {"ratelimit-limit": "600, 600;w=60", "ratelimit-remaining": "599", "ratelimit-reset": "60"},
        {"x-ratelimit-limit-req-minute": "600", "x-ratelimit-remaining-req-minute": "599"},
        {
            "anthropic-ratelimit-requests-limit": "600",
            "anthropic-ratelimit-requests-remaining": "599",
            "anthropic-ratelimit-requests-reset": "2020-01-01T00:00:00Z",
        },
    ],
)
def test_other_families_of_headers_are_read(headers: dict[str, str]) -> None:
    told = told_by(headers)
    assert told is not None
    assert calls_a_second(told, 0.0) == pytest.approx(10.0)


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
