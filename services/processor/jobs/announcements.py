"""Announcements that a job changed, sent through Valkey to its watchers.

An announcement is only a hint; the database holds the truth. Without Valkey, watchers see changes a little
later.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from redis.asyncio import Redis

from services.processor.valkey import TROUBLE, follow

_JOBS = "smelt:job:"
#: One process announces a job at most once in this time. Too short floods Valkey with a message per batch of
#: rows; too long makes progress bars jump.
_ANNOUNCE_SECONDS = 0.2


class Announcements:
    """Announces that jobs changed, and wakes this process's watchers of a job."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._announced: dict[str, float] = {}
        self._running: set[asyncio.Task[None]] = set()

    def announce(self, job: str, *, urgent: bool = False) -> None:
        """Announce that a job changed, without waiting for the message to be sent."""
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
            # Watchers also look at the job every second, so nothing is lost.
            return

    @contextmanager
    def listen(self, job: str) -> Iterator[asyncio.Event]:
        """Yield an event that is set whenever the job may have changed."""
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
        """Pass on the announcements of all processes, until cancelled."""
        await follow(self._redis, _JOBS + "*", self._heard)

    def _heard(self, channel: str, _: str) -> None:
        for event in self._waiting.get(channel.removeprefix(_JOBS), ()):
            event.set()
