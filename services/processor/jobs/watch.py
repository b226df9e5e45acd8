"""Watching a job: it is sent whole at the start, at each change, and at intervals in between."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
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
