"""Watching a job: the whole of it at once, at each change, and now and then."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from typing import Protocol

from services.common.identity import Passport
from services.processor.jobs.job import FINAL, FindsJobs, Job

#: Between two messages at least, and at most.
SHORTEST_SECONDS = 0.25
LONGEST_SECONDS = 15.0
#: How often the job is looked at when nobody says that it changed.
LOOK_SECONDS = 1.0


class Changes(Protocol):
    """Who says that a job changed; it may fail to."""

    def listen(self, job: str) -> AbstractContextManager[asyncio.Event]: ...


class Watch:
    """Follows jobs: word of a change only wakes it, what it says it reads from the store."""

    def __init__(self, store: FindsJobs, changes: Changes) -> None:
        self._store = store
        self._changes = changes

    async def follow(self, person: Passport, id_: str) -> AsyncIterator[Job]:
        """Yield the job until it has reached a final state; raise JobNotFound."""
        with self._changes.listen(id_) as changed:
            last: Job | None = None
            said = 0.0
            while True:
                changed.clear()
                job = await self._store.get(person.account, id_)
                now = time.monotonic()
                if last is None or _shown(job) != _shown(last) or now - said >= LONGEST_SECONDS:
                    yield job
                    if job.state in FINAL:
                        return
                    last, said = job, now
                    await asyncio.sleep(SHORTEST_SECONDS)
                try:
                    async with asyncio.timeout(LOOK_SECONDS):
                        await changed.wait()
                except TimeoutError:
                    continue


def _shown(job: Job) -> tuple[object, ...]:
    return (
        job.state,
        job.pause_reason,
        job.succeeded,
        job.failed,
        job.input_tokens,
        job.output_tokens,
        job.max_cost_nanos,
    )
