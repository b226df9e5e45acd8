"""Records how tasks ended, even if the database restarts at that very moment."""

import asyncio
import time
from datetime import datetime
from typing import Any

from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import JobManager

from services.common.database import is_outage
from services.common.logs import log

#: How long to retry. A longer outage ends the worker's registration and with it its hold on all tasks, so
#: trying longer is useless; with less, a restart of the database leaves tasks with a worker that has
#: forgotten them.
_PATIENCE_SECONDS = 5.0
_AGAIN_SECONDS = 0.25

# The queue's own functions end a task even if another worker holds it by now.
_FINISH = """
    WITH ours AS MATERIALIZED (
        SELECT id FROM procrastinate_jobs
        WHERE id = %(job_id)s AND worker_id = %(worker_id)s AND status = 'doing' FOR UPDATE
    )
    SELECT procrastinate_finish_job_v1(id, %(status)s, %(delete_job)s) FROM ours
"""
_RETRY = """
    WITH ours AS MATERIALIZED (
        SELECT id FROM procrastinate_jobs
        WHERE id = %(job_id)s AND worker_id = %(worker_id)s AND status = 'doing' FOR UPDATE
    )
    SELECT procrastinate_retry_job_v2(id, coalesce(%(retry_at)s, now()), %(priority)s, NULL, NULL) FROM ours
"""


class TaskEnds(JobManager):
    """The queue's job manager, with retries for as long as a restart of the database takes.

    If a task's end is not recorded, the task stays with a live worker that has forgotten it, and no reaper
    looks there. A task that a reaper has meanwhile given to another worker is left to that worker: if it were
    ended here and the other worker died, no worker would take it up again.
    """

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:
        """Record that a task is over."""
        await self._end(_FINISH, job, status=status.value, delete_job=delete_job)

    async def retry_job(
        self,
        job: Job,
        retry_at: datetime | None = None,
        priority: int | None = None,
        queue: str | None = None,
        lock: str | None = None,
    ) -> None:
        """Record that a task must run again, with the queue and the lock that it has."""
        await self._end(_RETRY, job, retry_at=retry_at, priority=priority)

    async def _end(self, query: str, job: Job, **how: Any) -> None:
        patience = time.monotonic() + _PATIENCE_SECONDS
        about = {"job_id": job.id, "worker_id": job.worker_id, **how}
        while True:
            try:
                if not await self.connector.execute_query_all_async(query, **about):
                    log.warning("task.not_ours", task=job.task_name)
                return
            except ConnectorException as error:
                if error.__cause__ is None or not is_outage(error.__cause__) or time.monotonic() > patience:
                    raise
                log.warning("task.end_retried", error=type(error.__cause__).__name__)
            await asyncio.sleep(_AGAIN_SECONDS)
