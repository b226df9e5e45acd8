"""Limits that a provider announces in the headers of its answers, as calls per second."""

import re
from collections.abc import Mapping
from typing import NamedTuple

_PARTS = ("limit", "remaining", "reset")
NAMES = tuple(f"x-ratelimit-{part}-{kind}" for kind in ("requests", "tokens") for part in _PARTS)
_WINDOWS_SECONDS = (1.0, 60.0, 3600.0, 86400.0)
_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?\Z")
_UNITS_SECONDS = (86400.0, 3600.0, 60.0, 1.0, 0.001)
_LONGEST = 24
_LARGEST = 1e12


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
    if "x-ratelimit-limit-requests" not in headers and "x-ratelimit-limit-tokens" not in headers:
        return None
    return Told(*(headers.get(name, "")[:_LONGEST] for name in NAMES))


def calls_a_second(told: Told, tokens_a_call: float) -> float:
    """Return how many calls per second the limits allow; 0 if they cannot be interpreted."""
    requests = _refill(*told[:3])
    tokens = _refill(*told[3:]) / tokens_a_call if tokens_a_call > 0 else 0.0
    return min((rate for rate in (requests, tokens) if rate > 0), default=0.0)


def _refill(limit: str, remaining: str, reset: str) -> float:
    """Return how much of a limit is refilled per second.

    `reset` is the time until the whole limit is available again. If the limit refills steadily, the period
    follows from `reset` and the used share; if it refills all at once, it is the next common period.
    """
    most, left, wait = _number(limit), _number(remaining), _seconds(reset)
    if most <= 0:
        return 0.0
    used = most - left
    if used > 0 and wait > 0:
        period = most * wait / used
        for window in _WINDOWS_SECONDS:
            if 0.8 * window <= period <= 1.25 * window:
                return most / window
    return most / next((window for window in _WINDOWS_SECONDS[1:] if wait <= window), _WINDOWS_SECONDS[-1])


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if 0 <= number <= _LARGEST else 0.0


def _seconds(text: str) -> float:
    if found := _DURATION.match(text):
        parts = zip(found.groups(), _UNITS_SECONDS, strict=True)
        return sum(float(part) * unit for part, unit in parts if part)
    return _number(text)
