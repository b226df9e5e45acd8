"""When calls may begin: each rate key's pace, shared by all workers, or as one knows it without Valkey.

Rate keys that a provider does not limit cost a word with Valkey four times a second; others one for the
moments of a tenth of a second. It only limits: rows are neither lost nor doubled whatever happens to it.
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

#: How long a worker goes on before it asks again whether a rate key without a limit still has none.
_FREE_SECONDS = 0.25
#: Calls do not wait for that question; so long they may go on without its answer.
_GRACE_SECONDS = 1.5
#: After trouble Valkey is left alone for this long.
_ALONE_SECONDS = 2.0
#: Nobody knows then how many workers there are: each takes this share of the pace that is known.
_ALONE_SHARE = 0.5
_LONGEST_NAP_SECONDS = 1.0
#: Calls may be so early: timers are not much finer.
_SHORTEST_NAP_SECONDS = 0.002
_MOST_WANTED = 200
_MOST_RATE_KEYS = 1000


class Paces(Protocol):
    """What all workers know."""

    async def lease(
        self, rate_key: str, *, version: int, wanted: int, rate: float | None, passed: int
    ) -> Lease: ...
    async def put(self, rate_key: str, pace: Pace, *, version: int) -> int: ...


class Parks(Protocol):
    """Who knows how long a provider wants to be left alone."""

    def seconds_left(self, rate_key: str) -> float: ...
    async def park(self, rate_key: str, seconds: float) -> None: ...


class Sleeper(Protocol):
    """Work that can be over while it waits."""

    async def sleep(self, seconds: float) -> None: ...
    async def unless_over(self, awaited: Awaitable[object]) -> bool: ...


class Limiter:
    """Gives turns to the calls of one worker."""

    def __init__(self, paces: Paces, parks: Parks, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._paces = paces
        self._parks = parks
        self._clock = clock
        # The clock that all workers share is Valkey's; until it has spoken, ours is as good.
        self._ahead = time.time() - clock()
        self._known: dict[str, LocalPace] = {}
        self._alone_until = 0.0
        self._tasks: set[asyncio.Task[object]] = set()

    def now(self) -> float:
        """Return the time by the clock that all workers share."""
        return self._clock() + self._ahead

    def seconds_left(self, rate_key: str) -> float:
        """Return how long the provider wants a rate key to be left alone still."""
        return self._parks.seconds_left(rate_key)

    async def park(self, rate_key: str, seconds: float) -> None:
        """Leave a rate key alone, in all workers."""
        await self._parks.park(rate_key, seconds)

    async def turn(self, rate_key: str, work: Sleeper) -> bool:
        """Wait for the moment at which a call may begin; False when it must ask again."""
        here = self._here(rate_key)
        if here.free_until > self._clock():
            return True
        here.waiting += 1
        try:
            # Turns of a slow rate key are far apart: who waits leaves as soon as its work is over.
            if not await work.unless_over(here.turn.acquire()):
                return False
            try:
                return await self._moment(here, work)
            finally:
                here.turn.release()
        finally:
            here.waiting -= 1

    async def smooth(self, rate_key: str) -> None:
        """Wait, rarely and for milliseconds, so that calls which were held up do not arrive together."""
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
                # It had no limit and probably has none: nobody waits for the question.
                here.free_until = self._clock() + _GRACE_SECONDS
                self._start(self._ask(here, 1))
                return True
            left = await self._ask(here, min(here.waiting, _MOST_WANTED))
            if here.free_until:
                return True
            if not here.moments:
                # Long enough for several moments to come free: one at a time would cost a question each.
                await work.sleep(min(max(left, HORIZON_SECONDS / 4), _LONGEST_NAP_SECONDS))
                return False
        left = here.moments.popleft() - self.now()
        if not here.asking and (not here.moments or here.moments[-1] - self.now() < HORIZON_SECONDS / 2):
            # The next ones are there when these are used up.
            self._start(self._ask(here, min(here.waiting, _MOST_WANTED)))
        if left > _SHORTEST_NAP_SECONDS:
            await work.sleep(left)
        return self._parks.seconds_left(here.rate_key) <= 0

    async def _ask(self, here: LocalPace, wanted: int) -> float:
        """Take moments from Valkey, or make them up; return how long to wait when there are none."""
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
                    # Valkey has forgotten; what this worker knows is better than nothing.
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
        """Go by what this worker knows: a share of the pace, as if there were others."""
        now = self.now()
        rate = here.pace.rate(now)
        if rate is None:
            here.free_until = self._clock() + _FREE_SECONDS
            return 0.0
        here.free_until = 0.0
        return here.make_moments(rate * _ALONE_SHARE, now=now, wanted=wanted)

    def heard(self, rate_key: str, started: float, said: Answer | Unusable) -> None:
        """Learn from what became of a call that began at `started`, by the shared clock."""
        here = self._here(rate_key)
        pace = here.learn(said, started=started, now=self.now())
        if pace is not here.pace:
            self._change(here, pace)

    def answered_since(self, rate_key: str, started: float) -> bool:
        """Whether another call at the rate key was answered since then."""
        return self._here(rate_key).answer_time > started

    def refused_seconds(self, rate_key: str) -> float:
        """Return for how long there have been refusals only; 0 when the last word was an answer."""
        since = self._here(rate_key).pace.refused_since
        return max(0.0, self.now() - since) if since else 0.0

    async def close(self) -> None:
        """Drop what is still to be shared."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _here(self, rate_key: str) -> LocalPace:
        found = self._known.get(rate_key)
        if found is None:
            if len(self._known) >= _MOST_RATE_KEYS:
                # The others are known to Valkey still; those who wait at one keep what they hold.
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
                # Somebody was faster: what both know is shared.
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
