"""Limits that a provider announces in the headers of its answers, as calls per second."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from services.processor.provider.dialect.waits import duration

#: One line for each family of headers: a limit, what remains of it, and when all of it is there again. The
#: first family that is found counts, for calls and for tokens.
_PARTS = ("limit", "remaining", "reset")
_OF_REQUESTS = (
    "x-ratelimit-{}-requests",
    "anthropic-ratelimit-requests-{}",
    "x-ratelimit-{}-req-minute",
    "x-ratelimit-{}",
    "ratelimit-{}",
)
_OF_TOKENS = (
    "x-ratelimit-{}-tokens",
    "anthropic-ratelimit-tokens-{}",
    "x-ratelimit-{}-tokens-minute",
)
_REQUESTS, _TOKENS = (
    tuple(tuple(family.format(part) for part in _PARTS) for family in families)
    for families in (_OF_REQUESTS, _OF_TOKENS)
)
NAMES = tuple(name for family in (*_REQUESTS, *_TOKENS) for name in family)
_WINDOWS_SECONDS = (1.0, 60.0, 3600.0, 86400.0)
#: Of a longer window's limit, what remains is there to be used now: it is spent over this time, faster than
#: it is refilled and ever slower towards its end. Longer makes a day's allowance crawl; shorter meets the
#: end of the limit in full speed.
_SPENT_IN_SECONDS = 60.0
_LONGEST = 40
_LARGEST = 1e12
_NUMBER = re.compile(r"[0-9]{1,13}(?:\.[0-9]+)?(?=[ ,;]|\Z)")


class Told(NamedTuple):
    """The headers as received; empty where one was missing."""

    limit_requests: str
    remaining_requests: str
    reset_requests: str
    limit_tokens: str
    remaining_tokens: str
    reset_tokens: str


def told_by(headers: Mapping[str, str]) -> Told | None:
    """Return the limits that an answer's headers announce; None if they announce none."""
    requests, tokens = _family(_REQUESTS, headers), _family(_TOKENS, headers)
    if requests is None and tokens is None:
        return None
    nothing = ("", "", "")
    return Told(*(requests or nothing), *(tokens or nothing))


def _family(families: tuple[tuple[str, ...], ...], headers: Mapping[str, str]) -> tuple[str, str, str] | None:
    for limit, remaining, reset in families:
        if limit in headers:
            return (
                headers[limit][:_LONGEST],
                headers.get(remaining, "")[:_LONGEST],
                headers.get(reset, "")[:_LONGEST],
            )
    return None


def calls_a_second(told: Told, tokens_a_call: float) -> float:
    """Return how many calls per second the limits allow; 0 if they cannot be interpreted."""
    requests = _allowed(*told[:3])
    tokens = _allowed(*told[3:]) / tokens_a_call if tokens_a_call > 0 else 0.0
    return min((rate for rate in (requests, tokens) if rate > 0), default=0.0)


def _allowed(limit: str, remaining: str, reset: str) -> float:
    """Return how much of a limit may be used per second.

    `reset` is the time until the whole limit is available again. If the limit refills steadily, the period
    follows from `reset` and the used share; if it refills all at once, it is the next common period.
    """
    most, left, wait = _number(limit), _number(remaining), _seconds(reset)
    if most <= 0:
        return 0.0
    window = _window(most, most - left, wait)
    refilled = most / window
    if window <= _SPENT_IN_SECONDS or not remaining:
        return refilled
    return refilled + min(left, most) / _SPENT_IN_SECONDS


def _window(most: float, used: float, wait: float) -> float:
    if used > 0 and wait > 0:
        period = most * wait / used
        for window in _WINDOWS_SECONDS:
            if 0.8 * window <= period <= 1.25 * window:
                return window
    return next((window for window in _WINDOWS_SECONDS[1:] if wait <= window), _WINDOWS_SECONDS[-1])


def _number(text: str) -> float:
    # Some write "100, 100;w=60": the first number is the limit that binds.
    found = _NUMBER.match(text.strip())
    number = float(found[0]) if found else 0.0
    return number if number <= _LARGEST else 0.0


def _seconds(text: str) -> float:
    return duration(text, datetime.now(UTC)) or 0.0
