"""Parks: how long calls with an API key to a model must wait, because the provider told some worker so."""

import contextlib
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

    def seconds_left(self, rate_key: str) -> float:
        """Return how long calls for a rate key must wait still; 0 when they may go."""
        until = self._until.get(rate_key)
        if until is None:
            return 0.0
        left = until - self._clock()
        if left <= 0:
            del self._until[rate_key]
            return 0.0
        return left

    async def park(self, rate_key: str, seconds: float) -> None:
        """Hold calls for a rate key back, here at once and soon everywhere."""
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
        """Learn of parks of other workers, until cancelled."""
        await follow(self._redis, _PARKS, lambda _, said: self._heard(*said.split(" ", 1)))

    def _heard(self, rate_key: str, seconds: str) -> None:
        with contextlib.suppress(ValueError):
            self._learn(rate_key, float(seconds))

    def _learn(self, rate_key: str, seconds: float) -> bool:
        """Note a wait; return whether it is longer than what was known. Workers' clocks need not agree."""
        until = self._clock() + seconds
        if until <= self._until.get(rate_key, 0.0):
            return False
        self._until[rate_key] = until
        return True
