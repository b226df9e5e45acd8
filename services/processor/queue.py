"""The queue that carries shards to workers: procrastinate's, with its tables beside ours."""

from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

#: The queue and the tasks in it, by the names that stand in the database.
QUEUE = "rows"
RUN_SHARD = "run_shard"
ASSEMBLE = "assemble"

#: Puts one task into the queue inside the caller's transaction. It is procrastinate's own function;
#: calling it here lets a commit and what follows from it become visible together.
DEFER = """
    SELECT procrastinate_defer_jobs_v1(ARRAY[
        ROW(%(queue)s, %(task)s, 0, NULL, %(lock)s, %(args)s, NULL)::procrastinate_job_to_defer_v1
    ])
"""

#: Gives tasks of workers that fell silent back to the queue: one statement, so that two reapers agree.
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


async def defer(
    connection: AsyncConnection[TupleRow], task: str, args: dict[str, Any], lock: str = ""
) -> None:
    """Put a task into the queue, as a part of the connection's transaction."""
    await connection.execute(DEFER, {"queue": QUEUE, "task": task, "lock": lock or None, "args": Jsonb(args)})
