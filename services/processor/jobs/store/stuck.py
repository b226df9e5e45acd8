"""SQL for jobs that would never move: tasks that the queue has lost, and files that nobody looks for."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from services.processor.queue.store import defer_assembly, defer_shard
from services.processor.queue.tasks import ASSEMBLE, RUN_SHARD

# One worker at a time looks.
_TURN = "SELECT pg_try_advisory_xact_lock(hashtextextended('smelt/stuck', 0))"
_MOST_AT_ONCE = 100
# A shard becomes QUEUED in the transaction that queues its task, and a task ends after its shard's state was
# written. So a shard in these states without a task has lost it, at whatever moment this looks.
_LOST_SHARDS = """
    WITH lost AS (
        SELECT shard.job, shard.number, job.account
        FROM shard JOIN job ON job.id = shard.job
        WHERE job.state IN ('PENDING', 'RUNNING') AND shard.state IN ('QUEUED', 'RUNNING')
          AND NOT EXISTS (
              SELECT FROM procrastinate_jobs AS task
              WHERE task.status IN ('todo', 'doing') AND task.task_name = %(task)s
                AND task.args ->> 'job' = shard.job AND (task.args ->> 'shard')::int = shard.number
          )
        ORDER BY shard.job, shard.number LIMIT %(most)s
        FOR UPDATE OF job, shard SKIP LOCKED
    )
    UPDATE shard SET state = 'QUEUED' FROM lost WHERE shard.job = lost.job AND shard.number = lost.number
    RETURNING lost.account, lost.job, lost.number
"""
_LOST_ASSEMBLIES = """
    SELECT job.id FROM job
    WHERE job.state = 'RUNNING' AND job.shards_done = job.shard_count
      AND NOT EXISTS (
          SELECT FROM procrastinate_jobs AS task
          WHERE task.status IN ('todo', 'doing') AND task.task_name = %(task)s
            AND task.args ->> 'job' = job.id
      )
    ORDER BY job.id LIMIT %(most)s
    FOR UPDATE SKIP LOCKED
"""
# Jobs none of whose shards is queued although some are left.
_IDLE = """
    SELECT job.account, job.id FROM job
    WHERE job.state IN ('PENDING', 'RUNNING') AND job.shards_done < job.shard_count
      AND NOT EXISTS (SELECT FROM shard WHERE shard.job = job.id AND shard.state IN ('QUEUED', 'RUNNING'))
    ORDER BY job.id LIMIT %(most)s
"""
# A job that a worker has in work is marked each second, and its file is looked for there.
_UNSEEN = """
    UPDATE job SET file_seen = now()
    WHERE id IN (
        SELECT id FROM job
        WHERE state IN ('PENDING', 'RUNNING', 'PAUSED')
          AND coalesce(file_seen, create_time) < now() - make_interval(secs => %(seconds)s)
          AND coalesce(mark_time, create_time) < now() - make_interval(secs => %(seconds)s)
        ORDER BY file_seen NULLS FIRST LIMIT %(most)s
        FOR UPDATE SKIP LOCKED
    )
    RETURNING id, file, sealed_grant, grant_token
"""
_UNTOUCHED = """
    SELECT count(*) FROM job
    WHERE state IN ('PENDING', 'RUNNING') AND economy = ''
      AND greatest(create_time, mark_time, waits_seen) < now() - make_interval(secs => %(seconds)s)
"""


@dataclass(frozen=True, slots=True)
class Unseen:
    """A job whose file is to be looked for, and its grant."""

    job: str
    file: str
    sealed_grant: bytes | None
    grant: str = field(repr=False)


class StuckJobStore:
    """Finds what no task and no worker would ever move again."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> None:
        self._pool = pool

    async def queue_again(self) -> Sequence[str]:
        """Queue shards and assemblies whose tasks are lost; return their jobs.

        If a task was only hidden, the fence decides between its worker and the next.
        """
        async with self._pool.connection() as connection:
            if not await _is_our_turn(connection):
                return []
            about = {"task": RUN_SHARD, "most": _MOST_AT_ONCE}
            shards = await (await connection.execute(_LOST_SHARDS, about)).fetchall()
            for account, job, number in shards:
                await defer_shard(connection, account=account, job=job, shard=number)
            about = {"task": ASSEMBLE, "most": _MOST_AT_ONCE}
            finished = await (await connection.execute(_LOST_ASSEMBLIES, about)).fetchall()
            for (job,) in finished:
                await defer_assembly(connection, job)
        return [job for _, job, _ in shards] + [job for (job,) in finished]

    async def idle(self) -> Sequence[tuple[str, str]]:
        """Return account and id of jobs that run with no shard in the queue."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_IDLE, {"most": _MOST_AT_ONCE})).fetchall()
        return [(account, job) for account, job in rows]

    async def unseen(self, seconds: float, most: int) -> Sequence[Unseen]:
        """Return jobs whose file nobody has looked for in `seconds`; they count as seen from now on."""
        async with self._pool.connection() as connection:
            if not await _is_our_turn(connection):
                return []
            rows = await (
                await connection.execute(_UNSEEN, {"seconds": seconds, "most": most}, binary=True)
            ).fetchall()
        return [Unseen(*row) for row in rows]

    async def untouched(self, seconds: float) -> int:
        """Return how many jobs should run and had no worker for `seconds`."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_UNTOUCHED, {"seconds": seconds})).fetchone()
        return 0 if row is None else int(row[0])


async def _is_our_turn(connection: AsyncConnection[TupleRow]) -> bool:
    row = await (await connection.execute(_TURN)).fetchone()
    return row is not None and bool(row[0])
