"""The queue in Postgres: procrastinate's tables beside ours, written in the caller's transaction."""

from typing import Any

from psycopg.types.json import Jsonb

from services.common.database import Connection
from services.processor.queue.tasks import ASSEMBLE, RESULTS, ROWS, RUN_SHARD

#: Queues one task inside the caller's transaction. This is procrastinate's own function; because it is called
#: here, a change and the task that follows from it become visible together.
DEFER = """
    SELECT procrastinate_defer_jobs_v1(ARRAY[
        ROW(%(queue)s, %(task)s, %(priority)s, NULL, %(lock)s, %(args)s, NULL)::procrastinate_job_to_defer_v1
    ])
"""

#: The account's next turn, from a function that migration 0008 creates. Workers take the earliest turn first.
#: An account with many shards in the queue gets one turn after the other, side by side with those of all
#: others.
NEXT_TURN = "SELECT next_turn(%(account)s)"

#: Gives the tasks of silent workers back to the queue. It is one statement, so two reapers cannot both do it.
REAP = """
    WITH silent AS (
        SELECT task.id, task.queue_name
        FROM procrastinate_jobs AS task
        LEFT JOIN procrastinate_workers AS worker ON worker.id = task.worker_id
        WHERE task.status = 'doing'
          AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => %(seconds)s))
        FOR UPDATE OF task SKIP LOCKED
    ), given_back AS (
        UPDATE procrastinate_jobs AS task
        SET status = 'todo', attempts = attempts + 1, scheduled_at = NULL, worker_id = NULL
        FROM silent WHERE task.id = silent.id
        RETURNING task.id, task.queue_name
    )
    SELECT id, pg_notify(
        'procrastinate_queue_v1#' || queue_name,
        json_build_object('type', 'job_inserted', 'job_id', id)::text
    ) FROM given_back
"""


async def next_turn(connection: Connection, account: str) -> int:
    """Return the turn of the account's next shard; the queue takes it as a negative priority."""
    row = await (await connection.execute(NEXT_TURN, {"account": account})).fetchone()
    assert row is not None
    turn: int = row[0]
    return turn


async def defer_shard(connection: Connection, *, account: str, job: str, shard: int) -> None:
    """Queue a shard at its account's next turn, within the connection's transaction."""
    turn = await next_turn(connection, account)
    await _defer(connection, ROWS, RUN_SHARD, {"job": job, "shard": shard}, priority=-turn, lock=None)


async def defer_assembly(connection: Connection, job: str) -> None:
    """Queue a job's assembly in a queue of its own: its rows are paid for, so it must not wait for shards."""
    await _defer(connection, RESULTS, ASSEMBLE, {"job": job}, priority=0, lock=f"assemble/{job}")


async def _defer(
    connection: Connection,
    queue: str,
    task: str,
    args: dict[str, Any],
    *,
    priority: int,
    lock: str | None,
) -> None:
    about = {"queue": queue, "task": task, "priority": priority, "lock": lock, "args": Jsonb(args)}
    await connection.execute(DEFER, about)
