"""Parks: how long calls with an API key to a model must wait, because the provider told some worker so."""

import contextlib
import hashlib
import time
from collections.abc import Callable

from redis.asyncio import Redis

from services.common.logs import describe, log
from services.processor.valkey import TROUBLE, follow

_PARKS = "smelt:parks"
_PARK = "smelt:park:"


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
        except TROUBLE as error:
            log.warning("park.not_shared", **describe(error))

    async def recall(self, place: str) -> None:
        """Learn of a park that began before this worker listened."""
        try:
            left_ms = await self._redis.pttl(_PARK + place)
        except TROUBLE:
            return
        if left_ms > 0:
            self._learn(place, left_ms / 1000)

    async def follow(self) -> None:
        """Learn of parks of other workers, until cancelled."""
        await follow(self._redis, _PARKS, lambda _, said: self._heard(*said.split(" ", 1)))

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
