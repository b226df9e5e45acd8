"""Endpoints that are away: while one is, a single call tries it, and all others of its rate key wait.

Each worker finds out by itself. A call counts for an outage only if no other call with its rate key was
answered meanwhile; otherwise it failed by itself.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

#: How long a job waits for its provider before it pauses. Too short pauses jobs for a restart; too long keeps
#: owners in the dark.
OUTAGE_PATIENCE_SECONDS = 600.0
#: Pauses between two tries: the first, doubled each time up to the longest. Longer ones delay the return.
_FIRST_GAP_SECONDS, _LONGEST_GAP_SECONDS = 0.5, 5.0
#: How often a waiting call looks whether the endpoint is back.
_LOOK_SECONDS = 0.5
#: A try that is not heard of for this long has ended without a word, and another call may try.
_TRY_LASTS_SECONDS = 75.0
_MOST_RATE_KEYS = 1000


class Sleeper(Protocol):
    """Work that can end while it waits."""

    async def sleep(self, seconds: float) -> None: ...


@dataclass(slots=True)
class _Outage:
    since: float
    gap: float
    next_try: float
    trying_until: float = 0.0
    #: Some of the rows that met it; two are enough.
    rows: set[object] = field(default_factory=set)


class Outages:
    """Knows which rate keys' endpoints are away."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._away: dict[str, _Outage] = {}

    def seconds(self, rate_key: str) -> float:
        """Return for how long a rate key's endpoint has been away; 0 if it is not."""
        away = self._away.get(rate_key)
        return 0.0 if away is None else max(self._clock() - away.since, 0.001)

    async def turn(self, rate_key: str, work: Sleeper) -> bool:
        """Wait until the endpoint may be called; return False if the caller must ask again."""
        away = self._away.get(rate_key)
        if away is None:
            return True
        if away.trying_until > self._clock():
            await work.sleep(_LOOK_SECONDS)
            return False
        left = max(0.0, away.next_try - self._clock())
        away.trying_until = self._clock() + left + _TRY_LASTS_SECONDS
        if left:
            await work.sleep(left)
        return True

    def is_away(
        self, rate_key: str, row: object, *, was_try: bool, wait_seconds: float | None = None
    ) -> None:
        """Learn that a row's call found the endpoint away, and for how long it asks not to be called.

        `was_try` says that the endpoint was known to be away when the call was sent.
        """
        now, away = self._clock(), self._away.get(rate_key)
        if away is None:
            if len(self._away) >= _MOST_RATE_KEYS:
                self._away.clear()
            away = self._away[rate_key] = _Outage(now, _FIRST_GAP_SECONDS, now + _FIRST_GAP_SECONDS)
        elif was_try:
            away.gap = min(away.gap * 2, _LONGEST_GAP_SECONDS)
            away.next_try, away.trying_until = now + away.gap, 0.0
        if len(away.rows) < 2:
            away.rows.add(row)
        away.next_try = max(away.next_try, now + (wait_seconds or 0.0))

    def is_of(self, rate_key: str, row: object) -> bool:
        """Whether one row alone has met the outage: then the row may be its cause."""
        away = self._away.get(rate_key)
        return away is not None and away.rows == {row}

    def is_back(self, rate_key: str) -> None:
        """Learn that the endpoint answered, be it with a refusal."""
        self._away.pop(rate_key, None)
