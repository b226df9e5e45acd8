"""Which optional parts of a request each rate key refuses, as refusals have taught all workers."""

import asyncio
import time
from collections.abc import Callable

from redis.asyncio import Redis

from services.common.logs import describe, log
from services.processor.provider.dialect.parts import MAX_COMPLETION_TOKENS, MAX_TOKENS
from services.processor.valkey import TROUBLE, follow

#: What was learnt is forgotten after a day: providers learn as well. Shorter costs a refused call more often;
#: longer keeps a better request from being sent again.
REMEMBERED_SECONDS = 86_400.0
_KEY = "smelt:refused:"
_CHANNEL = "smelt:refused"
_MOST_RATE_KEYS = 1000
_LIMITS = frozenset({MAX_TOKENS, MAX_COMPLETION_TOKENS})
_NOTHING: frozenset[str] = frozenset()


class RefusedParts:
    """What must be left out for each rate key. Without Valkey each worker learns for itself."""

    def __init__(self, redis: Redis | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._clock = clock
        self._known: dict[str, tuple[frozenset[str], float]] = {}
        self._sharing: set[asyncio.Task[None]] = set()

    def of(self, rate_key: str) -> frozenset[str]:
        """Return what to leave out for a rate key."""
        parts, until = self._known.get(rate_key, (_NOTHING, 0.0))
        return parts if until > self._clock() else _NOTHING

    def learn(self, rate_key: str, parts: frozenset[str]) -> None:
        """Remember parts without which a request was taken; tell the other workers."""
        known = self.of(rate_key)
        if parts & _LIMITS:
            # When both limits were refused, the later word counts.
            known -= _LIMITS
        if parts <= known:
            return
        self._keep(rate_key, known | parts)
        if self._redis is not None:
            task = asyncio.ensure_future(self._share(rate_key, known | parts))
            self._sharing.add(task)
            task.add_done_callback(self._sharing.discard)

    async def recall(self, rate_key: str) -> None:
        """Learn what other workers knew before this one listened."""
        if self._redis is None:
            return
        try:
            text = await self._redis.get(_KEY + rate_key)
        except TROUBLE:
            return
        if text:
            self._heard(rate_key, str(text))

    async def follow(self) -> None:
        """Learn what other workers learn, until cancelled."""
        assert self._redis is not None
        await follow(self._redis, _CHANNEL, lambda _, said: self._heard(*said.split(" ", 1)))

    def _heard(self, rate_key: str, text: str) -> None:
        self._keep(rate_key, self.of(rate_key) | {part for part in text.split(",") if part})

    def _keep(self, rate_key: str, parts: frozenset[str]) -> None:
        if len(self._known) >= _MOST_RATE_KEYS and rate_key not in self._known:
            self._known.clear()
        self._known[rate_key] = parts, self._clock() + REMEMBERED_SECONDS

    async def _share(self, rate_key: str, parts: frozenset[str]) -> None:
        text = ",".join(sorted(parts))
        assert self._redis is not None
        try:
            await self._redis.set(_KEY + rate_key, text, ex=int(REMEMBERED_SECONDS))
            await self._redis.publish(_CHANNEL, f"{rate_key} {text}")
        except TROUBLE as error:
            log.warning("refused_parts.not_shared", **describe(error))
