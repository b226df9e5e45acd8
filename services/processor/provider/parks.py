"""Parks: how long calls with a rate key must wait because the provider told any worker so."""

import contextlib
import time
from collections.abc import Callable

from redis.asyncio import Redis

from services.common.logs import describe, log
from services.processor.valkey import TROUBLE, follow

_PARKS = "smelt:parks"
_PARK = "smelt:park:"


class Parks:
    """Knows until when each rate key is parked, and shares it with all workers."""

    def __init__(self, redis: Redis, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._clock = clock
        self._until: dict[str, float] = {}

    def seconds_left(self, rate_key: str) -> float:
        """Return how long a rate key is still parked; 0 if calls may start."""
        until = self._until.get(rate_key)
        if until is None:
            return 0.0
        left = until - self._clock()
        if left <= 0:
            del self._until[rate_key]
            return 0.0
        return left

    async def park(self, rate_key: str, seconds: float) -> None:
        """Park a rate key, here at once and in the other workers soon after."""
        if not self._learn(rate_key, seconds):
            return
        try:
            await self._redis.set(_PARK + rate_key, "1", px=max(1, int(seconds * 1000)))
            await self._redis.publish(_PARKS, f"{rate_key} {seconds!r}")
        except TROUBLE as error:
            log.warning("park.not_shared", **describe(error))

    async def recall(self, rate_key: str) -> None:
        """Learn of a park that began before this worker listened."""
        try:
            left_ms = await self._redis.pttl(_PARK + rate_key)
        except TROUBLE:
            return
        if left_ms > 0:
            self._learn(rate_key, left_ms / 1000)

    async def follow(self) -> None:
        """Learn of the parks of other workers, until cancelled."""
        await follow(self._redis, _PARKS, lambda _, said: self._heard(*said.split(" ", 1)))

    def _heard(self, rate_key: str, seconds: str) -> None:
        with contextlib.suppress(ValueError):
            self._learn(rate_key, float(seconds))

    def _learn(self, rate_key: str, seconds: float) -> bool:
        """Note a wait; return whether it ends later than the one known. Workers' clocks need not agree."""
        until = self._clock() + seconds
        if until <= self._until.get(rate_key, 0.0):
            return False
        self._until[rate_key] = until
        return True
