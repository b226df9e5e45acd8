"""Decides whether and when a call is retried. Nothing here sends or sleeps."""

from __future__ import annotations

import email.utils
import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx2

log = logging.getLogger("smelt_client")

RETRIED_STATUSES = frozenset({408, 429, 502, 503, 504})
# These mean that the request was never sent, so even a login may be retried.
NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `max_retries` retries, each after a longer wait, up to `longest_wait_seconds`."""

    max_retries: int = 2
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 30.0

    def backoff_seconds(self, attempt: int) -> float:
        """Return the wait after an attempt (from 1), with a random part so that clients spread out."""
        whole: float = min(self.first_wait_seconds * float(2 ** (attempt - 1)), self.longest_wait_seconds)
        return whole * (0.5 + random.random() / 2)  # noqa: S311 (no secret depends on it)


class Attempts:
    """The attempts of one call, which the logger `smelt_client` is told of by method and path."""

    def __init__(self, policy: RetryPolicy, call: str, *, repeatable: bool) -> None:
        self._policy = policy
        self._call = call
        self._repeatable = repeatable
        self.count = 1

    def after_failure(self, error: httpx2.TransportError) -> float | None:
        """Return how long to wait before the next attempt, or None if the failure is final."""
        log.debug("attempt %d of %s failed: %s", self.count, self._call, type(error).__name__)
        if not self._repeatable and not isinstance(error, NEVER_SENT):
            return None
        return self._again(None)

    def after_answer(self, status: int, headers: Mapping[str, str]) -> float | None:
        """Return how long to wait before the next attempt, or None if the response is final."""
        log.debug("attempt %d of %s answered %d", self.count, self._call, status)
        if not self._repeatable or status not in RETRIED_STATUSES:
            return None
        return self._again(retry_after_seconds(headers))

    def _again(self, asked_seconds: float | None) -> float | None:
        if self.count > self._policy.max_retries:
            return None
        # The caller is waiting for the response, so waiting for minutes is the caller's decision.
        if asked_seconds is not None and asked_seconds > self._policy.longest_wait_seconds:
            return None
        wait = self._policy.backoff_seconds(self.count) if asked_seconds is None else asked_seconds
        log.info("attempt %d of %s follows in %.1f s", self.count + 1, self._call, wait)
        self.count += 1
        return wait


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return what `Retry-After` asks for, in seconds, whether it gives a number or a date (RFC 9110)."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isdecimal():
        return float(text)
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = when if when.tzinfo is not None else when.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())
