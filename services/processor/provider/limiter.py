"""When calls may start: by each rate key's pace, which all workers share through Valkey while it is there.

A rate key without a known limit costs a request to Valkey four times a second; a limited one costs a request
for each tenth of a second's start times. The limiter only delays: no failure in it loses a row or sends one
twice.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from services.common.logs import describe, log
from services.processor.provider.answer import Answer, Unusable
from services.processor.provider.local_pace import LocalPace
from services.processor.provider.pace import Pace
from services.processor.provider.shared_paces import HORIZON_SECONDS, Lease
from services.processor.valkey import TROUBLE

#: How often a worker asks whether a rate key without a limit still has none. Shorter costs Valkey more;
#: longer lets this worker call on after another one has met a limit.
_FREE_SECONDS = 0.25
#: How long calls may go on without the answer to that question. Too short, and calls stop whenever Valkey is
#: slow; too long, and they run into a limit that the other workers know.
_GRACE_SECONDS = 1.5
#: After an error, this worker does not ask Valkey for this long. Shorter makes calls wait for timeouts during
#: an outage; longer delays the return to the shared pace.
_ALONE_SECONDS = 2.0
#: Without Valkey a worker cannot know how many others there are, so it takes this share of the last known
#: pace. A smaller share slows a single worker down; a larger one exceeds the limit as soon as there are two.
_ALONE_SHARE = 0.5
_LONGEST_NAP_SECONDS = 1.0
#: Calls may start this much early, because timers are not much finer.
_SHORTEST_NAP_SECONDS = 0.002
_MOST_WANTED = 200
_MOST_RATE_KEYS = 1000


class Paces(Protocol):
    """The paces that all workers share."""

    async def lease(
        self, rate_key: str, *, version: int, wanted: int, rate: float | None, passed: int
    ) -> Lease: ...
    async def put(self, rate_key: str, pace: Pace, *, version: int) -> int: ...


class Parks(Protocol):
    """Knows until when each rate key is parked."""

    def seconds_left(self, rate_key: str) -> float: ...
    async def park(self, rate_key: str, seconds: float) -> None: ...


class Sleeper(Protocol):
    """Work that can end while it waits."""

    async def sleep(self, seconds: float) -> None: ...
    async def unless_over(self, awaited: Awaitable[object]) -> bool: ...


class Limiter:
    """Tells the calls of one worker when to start."""

    def __init__(self, paces: Paces, parks: Parks, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._paces = paces
        self._parks = parks
        self._clock = clock
        # All workers share Valkey's clock; until its first answer, this worker uses its own.
        self._ahead = time.time() - clock()
        self._known: dict[str, LocalPace] = {}
        self._alone_until = 0.0
        self._tasks: set[asyncio.Task[object]] = set()

    def now(self) -> float:
        """Return the time on the clock that all workers share."""
        return self._clock() + self._ahead

    def seconds_left(self, rate_key: str) -> float:
        """Return how long a rate key is still parked; 0 if it is not."""
        return self._parks.seconds_left(rate_key)

    async def park(self, rate_key: str, seconds: float) -> None:
        """Park a rate key, in all workers."""
        await self._parks.park(rate_key, seconds)

    async def turn(self, rate_key: str, work: Sleeper) -> bool:
        """Wait until a call may start; return False if the caller must ask again."""
        here = self._here(rate_key)
        if here.free_until > self._clock():
            return True
        here.waiting += 1
        try:
            # Start times of a slow rate key are far apart, so a waiting call leaves as soon as its work is
            # over.
            if not await work.unless_over(here.turn.acquire()):
                return False
            try:
                return await self._moment(here, work)
            finally:
                here.turn.release()
        finally:
            here.waiting -= 1

    async def smooth(self, rate_key: str) -> None:
        """Wait, rarely and for milliseconds, so that calls that were held up do not arrive together."""
        here = self._here(rate_key)
        if (most := here.most_in_a_second()) == 0:
            return
        while True:
            now = self._clock()
            if (left := here.crowded_seconds(most, now=now)) <= 0:
                break
            await asyncio.sleep(left)
        here.sent.append(now)

    async def _moment(self, here: LocalPace, work: Sleeper) -> bool:
        if here.free_until > self._clock():
            return True
        if self._parks.seconds_left(here.rate_key) > 0:
            return False
        if not here.moments:
            if here.free_until and here.pace.rate(self.now()) is None:
                # It had no limit and probably still has none, so no call waits for the answer.
                here.free_until = self._clock() + _GRACE_SECONDS
                self._start(self._ask(here, 1))
                return True
            left = await self._ask(here, min(here.waiting, _MOST_WANTED))
            if here.free_until:
                return True
            if not here.moments:
                # Long enough for several start times to come free; one at a time would cost a request each.
                await work.sleep(min(max(left, HORIZON_SECONDS / 4), _LONGEST_NAP_SECONDS))
                return False
        left = here.moments.popleft() - self.now()
        if not here.asking and (not here.moments or here.moments[-1] - self.now() < HORIZON_SECONDS / 2):
            # This fetches the next start times before these are used up.
            self._start(self._ask(here, min(here.waiting, _MOST_WANTED)))
        if left > _SHORTEST_NAP_SECONDS:
            await work.sleep(left)
        return self._parks.seconds_left(here.rate_key) <= 0

    async def _ask(self, here: LocalPace, wanted: int) -> float:
        """Reserve start times in Valkey, or make them up; return how long to wait if there are none."""
        if self._clock() < self._alone_until:
            return self._alone(here, wanted)
        passed, here.passed = here.passed, 0
        here.asking = True
        try:
            for _ in range(3):
                rate = here.pace.rate(self.now())
                lease = await self._paces.lease(
                    here.rate_key, version=here.version, wanted=wanted, rate=rate, passed=passed
                )
                passed = 0
                self._ahead, here.passing = lease.now - self._clock(), lease.passing
                if lease.version == here.version:
                    break
                if lease.pace is None and here.version:
                    # Valkey has lost the pace; what this worker knows is better than nothing.
                    here.version = await self._paces.put(here.rate_key, here.pace, version=lease.version)
                else:
                    here.pace, here.version = here.pace.merged(lease.pace or Pace()), lease.version
                here.moments.clear()
        except TROUBLE as error:
            log.warning("limiter.alone", **describe(error))
            self._alone_until = self._clock() + _ALONE_SECONDS
            return self._alone(here, wanted)
        finally:
            here.asking = False
        if here.pace.rate(lease.now) is None:
            here.free_until = self._clock() + _FREE_SECONDS
            return 0.0
        here.free_until = 0.0
        if not lease.count or not rate:
            return max(0.0, lease.first - lease.now - HORIZON_SECONDS) if lease.first else 0.0
        here.moments.extend(lease.first + number / rate for number in range(lease.count))
        return 0.0

    def _alone(self, here: LocalPace, wanted: int) -> float:
        """Make up start times for a share of the pace, as if there were other workers."""
        now = self.now()
        rate = here.pace.rate(now)
        if rate is None:
            here.free_until = self._clock() + _FREE_SECONDS
            return 0.0
        here.free_until = 0.0
        return here.make_moments(rate * _ALONE_SHARE, now=now, wanted=wanted)

    def heard(self, rate_key: str, started: float, said: Answer | Unusable) -> None:
        """Learn from the outcome of a call that started at `started`, on the shared clock."""
        here = self._here(rate_key)
        pace = here.learn(said, started=started, now=self.now())
        if pace is not here.pace:
            self._change(here, pace)

    def answered_since(self, rate_key: str, started: float) -> bool:
        """Whether another call with the rate key was answered since then."""
        return self._here(rate_key).answer_time > started

    def refuses_all(self, rate_key: str) -> bool:
        """Whether the last calls with a rate key were all refused, rather than one among others."""
        return self._here(rate_key).refuses_all()

    def refused_seconds(self, rate_key: str) -> float:
        """Return for how long there have been only refusals; 0 if the last outcome was an answer."""
        since = self._here(rate_key).pace.refused_since
        return max(0.0, self.now() - since) if since else 0.0

    async def close(self) -> None:
        """Drop what was not yet shared."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _here(self, rate_key: str) -> LocalPace:
        found = self._known.get(rate_key)
        if found is None:
            if len(self._known) >= _MOST_RATE_KEYS:
                # Valkey still has the others; calls that wait for one keep what they hold.
                self._known.clear()
            found = self._known[rate_key] = LocalPace(rate_key)
        return found

    def _change(self, here: LocalPace, pace: Pace) -> None:
        here.pace = pace
        here.moments.clear()
        if pace.rate(self.now()) is not None:
            here.free_until = 0.0
        if not here.sharing:
            here.sharing = True
            self._start(self._share(here))

    async def _share(self, here: LocalPace) -> None:
        try:
            shared = None
            while here.pace is not shared and self._clock() >= self._alone_until:
                shared = here.pace
                if version := await self._paces.put(here.rate_key, shared, version=here.version):
                    here.version = version
                    continue
                # Another worker was faster, so what both know is merged and shared.
                lease = await self._paces.lease(here.rate_key, version=-1, wanted=0, rate=None, passed=0)
                here.version = lease.version
                if lease.pace is not None:
                    here.pace = here.pace.merged(lease.pace)
                    shared = here.pace if here.pace == lease.pace else None
        except TROUBLE:
            self._alone_until = self._clock() + _ALONE_SECONDS
        finally:
            here.sharing = False

    def _start(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
