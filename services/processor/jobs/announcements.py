"""Announcements that a job changed, sent through Valkey to whoever watches it.

Nothing here is the truth: without Valkey, watchers see changes a little later.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import Redis

from services.processor.valkey import TROUBLE, follow

_JOBS = "smelt:job:"
#: A job is announced at most this often by one process.
_ANNOUNCE_SECONDS = 0.2


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
        except TROUBLE:
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
        await follow(self._redis, _JOBS + "*", self._heard)

    def _heard(self, channel: str, _: str) -> None:
        for event in self._waiting.get(channel.removeprefix(_JOBS), ()):
            event.set()
