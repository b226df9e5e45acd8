"""Word of what changes, by Valkey: jobs that moved, and keys that a provider wants left alone for a while.

Nothing here is the truth. Without Valkey watchers see changes a little later, and each worker learns by
itself that a provider refuses for rate.
"""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from services.common.logs import describe, log

_JOBS = "smelt:job:"
_PARKS = "smelt:parks"
_PARK = "smelt:park:"
_TIMEOUT_SECONDS = 1.0
_RECONNECT_SECONDS = 1.0
#: A job is announced at most this often by one process.
_ANNOUNCE_SECONDS = 0.2
_TROUBLE = (RedisError, OSError, asyncio.TimeoutError)


def connect(url: str) -> Redis:
    """Return a client that gives up quickly, because nothing waits for it."""
    return Redis.from_url(
        url,
        socket_timeout=_TIMEOUT_SECONDS,
        socket_connect_timeout=_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


class Announcements:
    """Says that jobs changed, and wakes those who wait for a job here."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._announced: dict[str, float] = {}
        self._running: set[asyncio.Task[None]] = set()

    def announce(self, job: str, *, urgent: bool = False) -> None:
        """Say that a job changed, without waiting for it to be said."""
        now = time.monotonic()
        if not urgent and now - self._announced.get(job, 0.0) < _ANNOUNCE_SECONDS:
            return
        if len(self._announced) > 10_000:
            self._announced.clear()
        self._announced[job] = now
        task = asyncio.ensure_future(self._say(job))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _say(self, job: str) -> None:
        try:
            await self._redis.publish(_JOBS + job, "changed")
        except _TROUBLE:
            # Watchers look by themselves every second.
            return

    @contextmanager
    def listen(self, job: str) -> Iterator[asyncio.Event]:
        """Give an event that is set whenever the job may have changed."""
        event = asyncio.Event()
        self._waiting.setdefault(job, set()).add(event)
        try:
            yield event
        finally:
            waiting = self._waiting[job]
            waiting.discard(event)
            if not waiting:
                del self._waiting[job]

    async def follow(self) -> None:
        """Pass on what is announced anywhere, until cancelled."""
        await _follow(self._redis, _JOBS + "*", self._heard)

    def _heard(self, channel: str, _: str) -> None:
        for event in self._waiting.get(channel.removeprefix(_JOBS), ()):
            event.set()


class Parks:
    """Until when calls with an API key to a model must wait, because the provider said so to any worker."""

    def __init__(self, redis: Redis, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._clock = clock
        self._until: dict[str, float] = {}

    def seconds_left(self, place: str) -> float:
        """Return how long calls at a place must wait still; 0 when they may go."""
        until = self._until.get(place)
        if until is None:
            return 0.0
        left = until - self._clock()
        if left <= 0:
            del self._until[place]
            return 0.0
        return left

    async def park(self, place: str, seconds: float) -> None:
        """Hold calls at a place back, here at once and soon everywhere."""
        if not self._learn(place, seconds):
            return
        try:
            await self._redis.set(_PARK + place, "1", px=max(1, int(seconds * 1000)))
            await self._redis.publish(_PARKS, f"{place} {seconds!r}")
        except _TROUBLE as error:
            log.warning("park.not_shared", **describe(error))

    async def recall(self, place: str) -> None:
        """Learn of a park that began before this worker listened."""
        try:
            left_ms = await self._redis.pttl(_PARK + place)
        except _TROUBLE:
            return
        if left_ms > 0:
            self._learn(place, left_ms / 1000)

    async def follow(self) -> None:
        """Learn of parks of other workers, until cancelled."""
        await _follow(self._redis, _PARKS, lambda _, said: self._heard(*said.split(" ", 1)))

    def _heard(self, place: str, seconds: str) -> None:
        with contextlib.suppress(ValueError):
            self._learn(place, float(seconds))

    def _learn(self, place: str, seconds: float) -> bool:
        """Note a wait; return whether it is longer than what was known. Workers' clocks need not agree."""
        until = self._clock() + seconds
        if until <= self._until.get(place, 0.0):
            return False
        self._until[place] = until
        return True


def place(api_key: str, model: str) -> str:
    """Return the name under which calls with a key to a model are held back together."""
    return hashlib.sha256(f"{api_key}\n{model}".encode()).hexdigest()[:32]


async def _follow(redis: Redis, pattern: str, heard: Callable[[str, str], None]) -> None:
    down = False
    while True:
        try:
            async with redis.pubsub() as pubsub:
                await pubsub.psubscribe(pattern)
                down = False
                while True:
                    # A time-out is silence; the connection is tested by the next subscription.
                    message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=5.0)
                    if message is not None:
                        heard(message["channel"], message["data"])
        except _TROUBLE as error:
            if not down:
                log.warning("valkey.lost", **describe(error))
            down = True
            await asyncio.sleep(_RECONNECT_SECONDS)
