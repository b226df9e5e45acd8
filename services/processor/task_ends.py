"""How tasks ended, written into the queue also when the database restarts in that very moment."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from procrastinate.exceptions import ConnectorException
from procrastinate.manager import JobManager

from services.common.database import is_outage
from services.common.logs import log

#: Longer outages end the worker's registration, and with it its hold on all tasks.
_PATIENCE_SECONDS = 5.0
_AGAIN_SECONDS = 0.25


class TaskEnds(JobManager):
    """The queue's keeper of tasks, for as long as a restart takes.

    An end that is not written down would leave the task with a worker that lives and has forgotten it,
    where no reaper looks.
    """

    async def finish_job(self, *arguments: Any, **named: Any) -> None:
        """Write down that a task is over."""
        await _patiently(lambda: super(TaskEnds, self).finish_job(*arguments, **named))

    async def retry_job(self, *arguments: Any, **named: Any) -> None:
        """Write down that a task shall come back."""
        await _patiently(lambda: super(TaskEnds, self).retry_job(*arguments, **named))


async def _patiently(write: Callable[[], Awaitable[None]]) -> None:
    patience = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            await write()
            return
        except ConnectorException as error:
            if error.__cause__ is None or not is_outage(error.__cause__) or time.monotonic() > patience:
                raise
            log.warning("task.end_retried", error=type(error.__cause__).__name__)
        await asyncio.sleep(_AGAIN_SECONDS)
