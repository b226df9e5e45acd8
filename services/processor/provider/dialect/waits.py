"""How long a provider asks to wait: in headers, in fields of the body, or in a sentence."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from services.processor.provider.dialect.clues import Clues

#: A provider is asked again after this time at the latest, whatever it says. Too long, and one wrong header
#: stops a rate key for as long.
LONGEST_WAIT_SECONDS = 3600.0

#: Headers that carry a wait; the second value is what a bare number counts in.
HEADERS = (
    ("retry-after-ms", 0.001),
    ("x-ms-retry-after-ms", 0.001),
    ("retry-after", 1.0),
    ("x-retry-after", 1.0),
)
#: Headers that say when a window begins anew. They count only for a refusal without any of the above.
RESETS = (
    "x-ratelimit-reset-after",
    "x-ratelimit-reset",
    "ratelimit-reset",
    "x-rate-limit-reset",
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
)
NAMES = (*(name for name, _ in HEADERS), *RESETS)
_FIELDS = (
    ("retrydelay", 1.0),
    ("retry_after_ms", 0.001),
    ("retryafterms", 0.001),
    ("retry_after", 1.0),
    ("retryafter", 1.0),
    ("retry_after_seconds", 1.0),
    ("retryafterseconds", 1.0),
    ("retry-after", 1.0),
    ("estimated_time", 1.0),
)
_NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
_UNIT = r"(?:milliseconds?|millis|msecs?|ms|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)(?![a-z])"
_SPAN = rf"{_NUMBER}\s?{_UNIT}(?:\s?(?:,|and)?\s?{_NUMBER}\s?{_UNIT}){{0,3}}"
_SENTENCE = re.compile(
    rf"(?:try(?:ing)? again|retry|retrying|wait|again|reset|resets|available|back)\D{{0,40}}?({_SPAN})"
)
_PIECE = re.compile(rf"({_NUMBER})\s?({_UNIT})")
# Larger bare numbers are moments: seconds or milliseconds since 1970.
_EPOCH_SECONDS, _EPOCH_MS = 1e9, 1e12
# A reset in bare milliseconds would be the longest of waits in seconds.
_LONGEST_BARE_RESET_SECONDS = 86_400.0


def wait_asked(headers: Mapping[str, str], clues: Clues, now: datetime) -> float | None:
    """Return the seconds that a refusal asks to wait, at most LONGEST_WAIT_SECONDS; None if it asks none."""
    if (told := retry_after(headers, now)) is not None:
        return told
    for name, scale in _FIELDS:
        seconds = duration(clues.value(name), now, scale=scale)
        if seconds is not None:
            return min(seconds, LONGEST_WAIT_SECONDS)
    if found := _SENTENCE.search(clues.words):
        return min(_span(found[1]), LONGEST_WAIT_SECONDS)
    for name in RESETS:
        seconds = duration(headers.get(name, ""), now)
        if seconds:
            return min(seconds, LONGEST_WAIT_SECONDS)
    return None


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return the seconds that headers ask to wait (RFC 9110 10.2.3, or `retry-after-ms`); None if none do."""
    for name, scale in HEADERS:
        seconds = duration(headers.get(name, ""), now, scale=scale)
        if seconds is not None:
            return min(seconds, LONGEST_WAIT_SECONDS)
    return None


def duration(text: str, now: datetime, *, scale: float = 1.0) -> float | None:
    """Return the seconds that a header's value stands for; None if it cannot be read.

    It is a number, a span such as `1m30.5s`, a date of HTTP or ISO 8601, or a moment in seconds or
    milliseconds since 1970.
    """
    text = text.strip()[:64]
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        span = text.lower()
        if _PIECE.search(span) and not _PIECE.sub("", span).strip(" ,"):
            return _span(span)
        return _until(text, now)
    if not 0 <= number < float("inf"):
        return None
    if number >= _EPOCH_MS:
        return max(0.0, number / 1000 - now.timestamp())
    if number >= _EPOCH_SECONDS:
        return max(0.0, number - now.timestamp())
    if scale == 1.0 and number > _LONGEST_BARE_RESET_SECONDS:
        return number / 1000
    return number * scale


def _span(text: str) -> float:
    return sum(float(number) * _unit(unit) for number, unit in _PIECE.findall(text))


def _unit(name: str) -> float:
    if name.startswith(("ms", "milli")):
        return 0.001
    return {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}[name[0]]


def _until(text: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
