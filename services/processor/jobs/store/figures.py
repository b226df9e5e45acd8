"""How much work there is, as figures for those who watch over an installation."""

import asyncio

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from services.common.database import FAILURES
from services.common.logs import describe, log
from services.processor import metrics

#: Workers are added and alerts raised by these figures. More often costs queries; more seldom delays both.
EVERY_SECONDS = 15.0
# Both are found by partial indexes of what has not ended.
_SHARDS = """
    SELECT count(*) FILTER (WHERE shard.state <> 'RUNNING'), count(*) FILTER (WHERE shard.state = 'RUNNING')
    FROM job JOIN shard ON shard.job = job.id
    WHERE job.state IN ('PENDING', 'RUNNING') AND shard.state IN ('WAITING', 'QUEUED', 'RUNNING', 'HALTED')
"""
_JOBS = """
    SELECT state, count(*),
           coalesce(extract(epoch FROM now() - min(create_time) FILTER (WHERE state = 'PENDING')), 0)::float
    FROM job WHERE state IN ('PENDING', 'RUNNING', 'PAUSED') GROUP BY state
"""
_DUE = "SELECT count(*) FROM webhook_delivery WHERE state = 'PENDING' AND next_attempt_time <= now()"
_STATES = ("PENDING", "RUNNING", "PAUSED")


class Figures:
    """Reads the figures now and then; each replica has the same ones."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> None:
        self._pool = pool

    async def read(self) -> None:
        """Read all of them once."""
        async with self._pool.connection() as connection:
            shards = await (await connection.execute(_SHARDS)).fetchone()
            jobs = {row[0]: row[1:] for row in await (await connection.execute(_JOBS)).fetchall()}
            due = await (await connection.execute(_DUE)).fetchone()
        assert shards is not None
        assert due is not None
        metrics.SHARDS_WAITING.set(shards[0])
        metrics.SHARDS_RUNNING.set(shards[1])
        metrics.WEBHOOKS_DUE.set(due[0])
        for state in _STATES:
            metrics.LIVE_JOBS.labels(state).set(jobs.get(state, (0, 0))[0])
        metrics.OLDEST_PENDING_SECONDS.set(jobs.get("PENDING", (0, 0))[1])

    async def run(self) -> None:
        """Read them again and again, until cancelled."""
        while True:
            try:
                await self.read()
            except FAILURES as error:
                log.warning("figures.unread", **describe(error))
            await asyncio.sleep(EVERY_SECONDS)
