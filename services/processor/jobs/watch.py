"""Watching a job: it is sent whole at the start, at each change, and at intervals in between."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from services.common.identity import Passport
from services.processor.jobs.job import FINAL, FindsJobs, Job

#: The shortest and the longest time between two messages. A shorter minimum sends more to each watcher than
#: it can show; a longer maximum lets proxies take the connection for dead.
SHORTEST_SECONDS = 0.25
LONGEST_SECONDS = 15.0
#: How often a watch reads the job when no announcement arrives. Shorter costs a query per watcher each time;
#: longer delays watchers by as much while Valkey is away.
LOOK_SECONDS = 1.0


class Changes(Protocol):
    """Announces that a job changed; an announcement can be lost."""

    def listen(self, job: str) -> AbstractContextManager[asyncio.Event]: ...


class Watch:
    """Follows jobs: an announcement only wakes it; what it yields, it reads from the store."""

    def __init__(self, store: FindsJobs, changes: Changes) -> None:
        self._store = store
        self._changes = changes
        self._looks: dict[tuple[str, str], _Look] = {}
        self._leaving = False

    def leave(self) -> None:
        """End every watch at its next look, before a stop: watchers come back, and find another replica."""
        self._leaving = True

    async def follow(self, person: Passport, id_: str) -> AsyncIterator[Job]:
        """Yield the job until it has reached a final state; raise JobNotFound."""
        with self._look(person.account, id_) as look:
            last: Job | None = None
            said = 0.0
            # What was being read when this watcher came may be older than what it knows.
            reading = look.begun + 1
            look.again.set()
            while True:
                job = await look.after(reading)
                reading = look.read + 1
                if self._leaving:
                    return
                now = time.monotonic()
                if last is None or _shown(job) != _shown(last) or now - said >= LONGEST_SECONDS:
                    yield job
                    if job.state in FINAL:
                        return
                    last, said = job, now

    @contextmanager
    def _look(self, account: str, id_: str) -> Iterator["_Look"]:
        """Give the look at a job that all who watch it share, so that many cost no more than one."""
        key = account, id_
        look = self._looks.get(key)
        if look is None:
            look = self._looks[key] = _Look(self._store, self._changes, account, id_)
        look.watchers += 1
        try:
            yield look
        finally:
            look.watchers -= 1
            if not look.watchers:
                look.close()
            if self._looks.get(key) is look and (not look.watchers or look.failed):
                del self._looks[key]


class _Look:
    """One job, read when it changes and now and then, for all who watch it."""

    def __init__(self, store: FindsJobs, changes: Changes, account: str, id_: str) -> None:
        self._store = store
        self._changes = changes
        self._account = account
        self._id = id_
        self.watchers = 0
        #: Numbers of the reads that were begun, and of the last that has ended.
        self.begun = 0
        self.read = 0
        #: Set when somebody wants the job to be read.
        self.again = asyncio.Event()
        self._job: Job | None = None
        self._ended = asyncio.Event()
        self._task = asyncio.ensure_future(self._run())

    @property
    def failed(self) -> bool:
        """Whether nothing more is read."""
        return self._task.done()

    async def after(self, number: int) -> Job:
        """Return the job as that read or a later one found it; raise what reading it raises."""
        while self.read < number or self._job is None:
            if self._task.done():
                self._task.result()
            await self._ended.wait()
        return self._job

    def close(self) -> None:
        """Stop reading."""
        self._task.cancel()

    async def _run(self) -> None:
        try:
            with self._changes.listen(self._id) as changed:
                self.again = changed
                while True:
                    changed.clear()
                    self.begun += 1
                    self._job = await self._store.get(self._account, self._id)
                    self.read = self.begun
                    self._tell()
                    await asyncio.sleep(SHORTEST_SECONDS)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_SECONDS):
                            await changed.wait()
        finally:
            # Each watch that waits looks once more when this task is done.
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        ended, self._ended = self._ended, asyncio.Event()
        ended.set()


def _shown(job: Job) -> tuple[object, ...]:
    return (
        job.state,
        job.pause_reason,
        job.succeeded,
        job.failed,
        job.skipped,
        job.input_tokens,
        job.output_tokens,
        job.max_cost_nanos,
    )
