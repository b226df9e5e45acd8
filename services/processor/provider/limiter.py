"""When calls may begin: each place's pace, shared by all workers, or as one knows it without Valkey.

Places that a provider does not limit cost a word with Valkey four times a second; others one for the
moments of a tenth of a second. It only limits: rows are neither lost nor doubled whatever happens to it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol

from redis.exceptions import RedisError

from services.common.logs import describe, log
from services.processor.provider.announced_limits import calls_a_second
from services.processor.provider.answer import Answer, Unusable
from services.processor.provider.failures import Verdict
from services.processor.provider.pace import SHARE_OF_TOLD, Pace
from services.processor.provider.shared_paces import HORIZON_SECONDS, Lease

#: How long a worker goes on before it asks again whether a place without a limit still has none.
_FREE_SECONDS = 0.25
#: Calls do not wait for that question; so long they may go on without its answer.
_GRACE_SECONDS = 1.5
#: After trouble Valkey is left alone for this long.
_ALONE_SECONDS = 2.0
#: Nobody knows then how many workers there are: each takes this share of the pace that is known.
_ALONE_SHARE = 0.5
_TOLD_SECONDS = 0.1
#: Slower limits leave no room to arrive together.
_SMOOTHED_RATE = 10.0
_LONGEST_NAP_SECONDS = 1.0
#: Calls may be so early: timers are not much finer.
_SHORTEST_NAP_SECONDS = 0.002
_MOST_WANTED = 200
_KNOWN_PLACES = 1000
_USUAL_WEIGHT = 0.05
#: So few refusals among the last calls are accidents, or a neighbour's: of a limit that is reached there are
#: soon more. Each slowing down for them would add to the one before.
_ACCIDENTS, _TOLD_ACCIDENTS = 0.03, 0.02
_LAST_CALLS = 400
_TROUBLE = (RedisError, OSError, asyncio.TimeoutError)


class Paces(Protocol):
    """What all workers know."""

    async def lease(
        self, place: str, *, version: int, wanted: int, rate: float | None, passed: int
    ) -> Lease: ...
    async def put(self, place: str, pace: Pace, *, version: int) -> int: ...


class Parks(Protocol):
    """Who knows how long a provider wants to be left alone."""

    def seconds_left(self, place: str) -> float: ...
    async def park(self, place: str, seconds: float) -> None: ...


class Sleeper(Protocol):
    """Work that can be over while it waits."""

    async def sleep(self, seconds: float) -> None: ...
    async def unless_over(self, awaited: Awaitable[object]) -> bool: ...


@dataclass(slots=True)
class _Place:
    """What this worker knows of a place."""

    name: str
    pace: Pace = field(default_factory=Pace)
    version: int = 0
    free_until: float = 0.0
    moments: deque[float] = field(default_factory=deque)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    asking: bool = False
    sharing: bool = False
    #: Of the last calls, how many were refused.
    calls: int = 0
    refusals: int = 0
    #: Calls answered since Valkey was told, and how many a second it knows of.
    passed: int = 0
    passing: float = 0.0
    tokens_a_call: float = 0.0
    told_time: float = 0.0
    answer_time: float = 0.0
    alone_next: float = 0.0
    #: When calls of the last second were sent.
    sent: deque[float] = field(default_factory=deque)

    def count(self, *, refused: bool) -> None:
        """Remember what became of a call."""
        self.calls, self.refusals = self.calls + 1, self.refusals + refused
        if self.calls >= _LAST_CALLS:
            self.calls, self.refusals = self.calls // 2, self.refusals // 2

    def refuses_by_accident(self) -> bool:
        """Whether there are too few refusals to speak of a limit."""
        return self.refusals <= self.calls * (_TOLD_ACCIDENTS if self.pace.told else _ACCIDENTS)


class Limiter:
    """Gives turns to the calls of one worker."""

    def __init__(self, paces: Paces, parks: Parks, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._paces = paces
        self._parks = parks
        self._clock = clock
        # The clock that all workers share is Valkey's; until it has spoken, ours is as good.
        self._ahead = time.time() - clock()
        self._places: dict[str, _Place] = {}
        self._alone_until = 0.0
        self._tasks: set[asyncio.Task[object]] = set()

    def now(self) -> float:
        """Return the time by the clock that all workers share."""
        return self._clock() + self._ahead

    def seconds_left(self, place: str) -> float:
        """Return how long the provider wants a place to be left alone still."""
        return self._parks.seconds_left(place)

    async def park(self, place: str, seconds: float) -> None:
        """Leave a place alone, in all workers."""
        await self._parks.park(place, seconds)

    async def turn(self, place: str, work: Sleeper) -> bool:
        """Wait for the moment at which a call may begin; False when it must ask again."""
        here = self._here(place)
        if here.free_until > self._clock():
            return True
        here.waiting += 1
        try:
            # Turns of a slow place are far apart: who waits leaves as soon as its work is over.
            if not await work.unless_over(here.turn.acquire()):
                return False
            try:
                return await self._moment(here, work)
            finally:
                here.turn.release()
        finally:
            here.waiting -= 1

    async def smooth(self, place: str) -> None:
        """Wait, rarely and for milliseconds, so that calls which were held up do not arrive together.

        Between its turn and its sending a call gets its key. What piled up there would exceed a limit that
        the provider counts over a second.
        """
        here = self._here(place)
        if here.pace.told < _SMOOTHED_RATE:
            return
        most, sent, now = int(here.pace.told * SHARE_OF_TOLD), here.sent, self._clock()
        while True:
            while sent and sent[0] <= now - 1.0:
                sent.popleft()
            if len(sent) < most:
                break
            await asyncio.sleep(sent[0] + 1.001 - now)
            now = self._clock()
        sent.append(now)

    async def _moment(self, here: _Place, work: Sleeper) -> bool:
        if here.free_until > self._clock():
            return True
        if self._parks.seconds_left(here.name) > 0:
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
        return self._parks.seconds_left(here.name) <= 0

    async def _ask(self, here: _Place, wanted: int) -> float:
        """Take moments from Valkey, or make them up; return how long to wait when there are none."""
        if self._clock() < self._alone_until:
            return self._alone(here, wanted)
        passed, here.passed = here.passed, 0
        here.asking = True
        try:
            for _ in range(3):
                rate = here.pace.rate(self.now())
                lease = await self._paces.lease(
                    here.name, version=here.version, wanted=wanted, rate=rate, passed=passed
                )
                passed = 0
                self._ahead, here.passing = lease.now - self._clock(), lease.passing
                if lease.version == here.version:
                    break
                if lease.pace is None and here.version:
                    # Valkey has forgotten; what this worker knows is better than nothing.
                    here.version = await self._paces.put(here.name, here.pace, version=lease.version)
                else:
                    here.pace, here.version = here.pace.merged(lease.pace or Pace()), lease.version
                here.moments.clear()
        except _TROUBLE as error:
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

    def _alone(self, here: _Place, wanted: int) -> float:
        """Go by what this worker knows: a share of the pace, as if there were others."""
        now = self.now()
        rate = here.pace.rate(now)
        if rate is None:
            here.free_until = self._clock() + _FREE_SECONDS
            return 0.0
        here.free_until = 0.0
        gap = 1.0 / (rate * _ALONE_SHARE)
        first = min(max(here.alone_next, now), now + HORIZON_SECONDS + gap)
        if (late := first - now - HORIZON_SECONDS) > 0:
            return late
        count = min(wanted, int(-late / gap) + 1)
        here.moments.extend(first + number * gap for number in range(count))
        here.alone_next = first + count * gap
        return 0.0

    def heard(self, place: str, started: float, said: Answer | Unusable) -> None:
        """Learn from what became of a call that began at `started`, by the shared clock."""
        here, now = self._here(place), self.now()
        pace = here.pace
        failure = said.failure if isinstance(said, Unusable) else None
        if failure is not None and failure.verdict is Verdict.RATE:
            here.count(refused=True)
            if not here.refuses_by_accident():
                pace = pace.refused(now, started, max(here.passing, float(here.passed)))
        elif failure is None or failure.reason != "PROVIDER_UNAVAILABLE":
            here.count(refused=False)
            here.passed += 1
            here.answer_time = now
            pace = pace.answered(now, started)
            if used := said.input_tokens + said.output_tokens:
                usual = here.tokens_a_call or used
                here.tokens_a_call = usual + (used - usual) * _USUAL_WEIGHT
        if said.told is not None and now - here.told_time > _TOLD_SECONDS:
            here.told_time = now
            pace = pace.told_rate(calls_a_second(said.told, here.tokens_a_call))
        if pace is not here.pace:
            self._change(here, pace)

    def answered_since(self, place: str, started: float) -> bool:
        """Whether another call at the place was answered since then."""
        return self._here(place).answer_time > started

    def refused_seconds(self, place: str) -> float:
        """Return for how long there have been refusals only; 0 when the last word was an answer."""
        since = self._here(place).pace.refused_since
        return max(0.0, self.now() - since) if since else 0.0

    async def close(self) -> None:
        """Drop what is still to be shared."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _here(self, place: str) -> _Place:
        found = self._places.get(place)
        if found is None:
            if len(self._places) >= _KNOWN_PLACES:
                # The others are known to Valkey still; those who wait at one keep what they hold.
                self._places.clear()
            found = self._places[place] = _Place(place)
        return found

    def _change(self, here: _Place, pace: Pace) -> None:
        here.pace = pace
        here.moments.clear()
        if pace.rate(self.now()) is not None:
            here.free_until = 0.0
        if not here.sharing:
            here.sharing = True
            self._start(self._share(here))

    async def _share(self, here: _Place) -> None:
        try:
            shared = None
            while here.pace is not shared and self._clock() >= self._alone_until:
                shared = here.pace
                if version := await self._paces.put(here.name, shared, version=here.version):
                    here.version = version
                    continue
                # Somebody was faster: what both know is shared.
                lease = await self._paces.lease(here.name, version=-1, wanted=0, rate=None, passed=0)
                here.version = lease.version
                if lease.pace is not None:
                    here.pace = here.pace.merged(lease.pace)
                    shared = here.pace if here.pace == lease.pace else None
        except _TROUBLE:
            self._alone_until = self._clock() + _ALONE_SECONDS
        finally:
            here.sharing = False

    def _start(self, work: Coroutine[Any, Any, object]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
