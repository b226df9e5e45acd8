"""Looks for jobs that would never move again, and moves or ends them. docs/jobs.md lists the ways there."""

import asyncio
from collections.abc import Sequence
from typing import NoReturn, Protocol

from services.common.database import FAILURES
from services.common.errors import DomainError
from services.common.logs import describe, log
from services.processor.jobs.file_deleted import FILE_DELETED
from services.processor.jobs.job import AnnouncesJobs
from services.processor.jobs.store.stuck import Unseen
from services.processor.metrics import JOBS_MOVED, JOBS_UNTOUCHED
from services.processor.opened_grants import OpenedGrants
from services.processor.outside import ChecksFiles, by_grant
from services.processor.rows.endings import Fail, ending_of

#: How often a worker looks. Longer leaves a job that lost its task waiting; shorter reads the queue more.
LOOK_SECONDS = 15.0
#: How often the file of a job is looked for that no worker has in work, and for how many jobs at a look.
_FILE_SECONDS = 30.0
_FILES_AT_ONCE = 50
#: A job that should run and has had no worker for so long counts as untouched. Below the usual wait in a
#: queue, it would tell of every busy hour.
_UNTOUCHED_SECONDS = 600.0


class Store(Protocol):
    """Finds jobs that would never move."""

    async def queue_again(self) -> Sequence[str]: ...
    async def idle(self) -> Sequence[tuple[str, str]]: ...
    async def unseen(self, seconds: float, most: int) -> Sequence[Unseen]: ...
    async def untouched(self, seconds: float) -> int: ...


class Control(Protocol):
    """Queues shards of a job."""

    async def refill(self, account: str, job: str) -> bool: ...


class Fails(Protocol):
    """Ends jobs that cannot continue."""

    async def fail(self, job: str, *, reason: str, message: str) -> None: ...


class StuckJobs:
    """Looks now and then, until cancelled."""

    def __init__(
        self,
        store: Store,
        control: Control,
        *,
        jobs: Fails,
        files: ChecksFiles,
        grants: OpenedGrants,
        announcements: AnnouncesJobs,
    ) -> None:
        self._store = store
        self._control = control
        self._jobs = jobs
        self._files = files
        self._grants = grants
        self._announcements = announcements

    async def run(self) -> NoReturn:
        """Look, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except (*FAILURES, DomainError) as error:
                log.warning("stuck_jobs.unseen", **describe(error))

    async def look(self) -> None:
        """Look once."""
        for job in await self._store.queue_again():
            self._moved(job, "task_lost")
        for account, job in await self._store.idle():
            if await self._control.refill(account, job):
                self._moved(job, "nothing_queued")
        for unseen in await self._store.unseen(_FILE_SECONDS, _FILES_AT_ONCE):
            await self._look_for_file(unseen)
        JOBS_UNTOUCHED.set(await self._store.untouched(_UNTOUCHED_SECONDS))

    async def _look_for_file(self, unseen: Unseen) -> None:
        try:
            grant = await self._grants.open(unseen.sealed_grant, older=unseen.grant)
            await self._files.check(unseen.file, by_grant(grant))
        except DomainError as error:
            ending = ending_of(error)
            # Only a deletion is final. Whatever else it is, a worker meets it as well once the job goes on.
            if isinstance(ending, Fail) and ending.reason == FILE_DELETED:
                await self._jobs.fail(unseen.job, reason=ending.reason, message=ending.message)
                self._moved(unseen.job, "file_deleted")

    def _moved(self, job: str, how: str) -> None:
        log.warning("job.moved", job=job, how=how)
        JOBS_MOVED.labels(how=how).inc()
        self._announcements.announce(job, urgent=True)
