"""One clock: every service tells the time by its database, however wrong its machine's own clock is.

Times in rows are compared with the database's clock where the rows are. What has no row, such as a token, is
compared with this clock, which is the database's time as it was last heard, plus what has passed since by a
clock that nobody can set. Two replicas on machines whose clocks are hours apart therefore agree on what has
expired, and the vault signs by the same time.
"""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

from services.common.errors import Unavailable
from services.common.logs import describe, log

#: A time that took longer to arrive could be off by as much, so an older one is kept. Shorter, and a busy
#: database is never believed; longer, and the clock is less exact than tokens need.
_SLOWEST_SECONDS = 2.0
#: A machine whose clock differs by more is reported: its logs are wrong, and operators should know.
_REPORTED = timedelta(seconds=5)

Now = Callable[[], datetime]


class DatabaseClock:
    """The database's time: what it last said, plus the time since by a monotonic clock."""

    def __init__(
        self, ask: Callable[[], Awaitable[datetime]], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """`ask` returns the database's time, or raises an error of the database."""
        self._ask = ask
        self._monotonic = monotonic
        self._said: datetime | None = None
        self._heard = 0.0
        self._reported = False

    async def learn(self) -> None:
        """Ask the database; a service does this with each of its readiness checks, every second."""
        asked = self._monotonic()
        said = await self._ask()
        heard = self._monotonic()
        if self._said is not None and heard - asked > _SLOWEST_SECONDS:
            return
        # Half of the way is assumed to be the way there.
        self._said, self._heard = said, (asked + heard) / 2
        self._report()

    async def learn_if_possible(self) -> None:
        """Ask the database at a start, which goes on without an answer; readiness waits for one."""
        try:
            await self.learn()
        except (Unavailable, OSError) as error:
            log.warning("clock.unknown", **describe(error))

    def now(self) -> datetime:
        """Return the time in UTC; before the database was heard, the machine's."""
        if self._said is None:
            return datetime.now(UTC)
        return self._said + timedelta(seconds=self._monotonic() - self._heard)

    def seconds(self) -> float:
        """Return the seconds since 1970."""
        return self.now().timestamp()

    def after(self, seconds: float) -> datetime:
        """Return the time in `seconds` seconds."""
        return self.now() + timedelta(seconds=seconds)

    def _report(self) -> None:
        off = abs(datetime.now(UTC) - self.now()) > _REPORTED
        if off and not self._reported:
            log.error("clock.differs", ahead_seconds=(datetime.now(UTC) - self.now()).total_seconds())
        self._reported = off
