"""A real rate limit of the stand-in provider: N calls in any window, announced in headers if wanted."""

from __future__ import annotations

from collections import deque

from pydantic import BaseModel, ConfigDict, Field


class Limit(BaseModel):
    """How many calls each key may make to each model; further calls are refused with 429."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    calls: int = Field(ge=1, description="in any window")
    window_seconds: float = Field(default=1.0, gt=0, le=3600)
    tell: bool = Field(default=True, description="send the `x-ratelimit-*` headers, as for one minute")
    retry_after: bool = Field(default=False, description="send Retry-After, in whole seconds")


class Window:
    """The calls of one key and model in the window that ends now."""

    def __init__(self, limit: Limit) -> None:
        self._limit = limit
        self._times: deque[float] = deque()

    def take(self, now: float) -> bool:
        """Count a call; return False if it exceeds the limit."""
        times, limit = self._times, self._limit
        while times and times[0] <= now - limit.window_seconds:
            times.popleft()
        if len(times) >= limit.calls:
            return False
        times.append(now)
        return True

    def headers(self, *, refused: bool) -> tuple[tuple[str, str], ...]:
        """Return the headers that announce the limit."""
        limit, used = self._limit, len(self._times)
        told: tuple[tuple[str, str], ...] = ()
        if limit.tell:
            minute = round(limit.calls * 60 / limit.window_seconds)
            reset_ms = round(1000 * limit.window_seconds * used / limit.calls)
            told += (
                ("x-ratelimit-limit-requests", str(minute)),
                ("x-ratelimit-remaining-requests", str(minute - used)),
                ("x-ratelimit-reset-requests", f"{reset_ms}ms"),
            )
        if refused and limit.retry_after:
            told += (("retry-after", str(max(1, round(limit.window_seconds)))),)
        return told
