"""The ends of tasks are recorded even if the database restarts."""

from typing import Any, cast

import psycopg
import pytest
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status

from services.processor.queue.task_ends import TaskEnds

JOB = Job(id=1, queue="rows", lock=None, queueing_lock=None, task_name="run_shard")


class Connector:
    """Fails this many times with a cause, as procrastinate's own connector wraps it."""

    def __init__(self, failures: int, cause: Exception) -> None:
        self.failures = failures
        self.cause = cause
        self.calls = 0

    async def execute_query_all_async(self, query: str, **_: Any) -> list[dict[str, Any]]:
        self.calls += 1
        if self.calls <= self.failures:
            raise ConnectorException from self.cause
        return [{}]


async def test_an_end_is_written_down_when_the_database_is_back() -> None:
    connector = Connector(2, psycopg.OperationalError())
    await TaskEnds(cast(Any, connector)).finish_job(JOB, Status.SUCCEEDED, True)
    assert connector.calls == 3
    connector = Connector(1, psycopg.OperationalError())
    await TaskEnds(cast(Any, connector)).retry_job(job=JOB, retry_at=None)
    assert connector.calls == 2


async def test_what_is_no_outage_is_not_repeated() -> None:
    connector = Connector(1, psycopg.errors.RaiseException())
    with pytest.raises(ConnectorException):
        await TaskEnds(cast(Any, connector)).finish_job(JOB, Status.SUCCEEDED, True)
    assert connector.calls == 1
