"""The database's time, for workers whose own clock may be wrong or may be changed at any moment."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class DatabaseTime:
    """The database's time: what it last said, plus the time since by a monotonic clock."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: datetime | None = None
        self._heard = 0.0

    def learn(self, now: datetime) -> None:
        """Remember the time that the database gave."""
        self._said, self._heard = now, self._clock()

    def after(self, seconds: float) -> datetime:
        """Return the database's time in `seconds` seconds."""
        if self._said is None:
            return datetime.now(UTC) + timedelta(seconds=seconds)
        return self._said + timedelta(seconds=self._clock() - self._heard + seconds)
