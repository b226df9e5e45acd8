"""The database's time, followed by a worker whose own clock may be wrong or be set at any moment."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class DatabaseTime:
    """What time it is at the database: its word, and what has passed since by a clock that nobody can set."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: datetime | None = None
        self._heard = 0.0

    def learn(self, now: datetime) -> None:
        """Take the database's word for the time."""
        self._said, self._heard = now, self._clock()

    def after(self, seconds: float) -> datetime:
        """Return the moment so many seconds from now."""
        if self._said is None:
            return datetime.now(UTC) + timedelta(seconds=seconds)
        return self._said + timedelta(seconds=self._clock() - self._heard + seconds)
