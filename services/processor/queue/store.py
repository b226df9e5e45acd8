"""The queue in Postgres: procrastinate's tables beside ours, written in the caller's transaction."""

from typing import Any

from psycopg.types.json import Jsonb

from services.common.database import Connection
from services.processor.queue.tasks import ASSEMBLE, RESULTS, ROWS, RUN_SHARD

#: Puts one task into the queue inside the caller's transaction. It is procrastinate's own function;
#: calling it here lets a commit and what follows from it become visible together.
DEFER = """
    SELECT procrastinate_defer_jobs_v1(ARRAY[
        ROW(%(queue)s, %(task)s, %(priority)s, NULL, %(lock)s, %(args)s, NULL)::procrastinate_job_to_defer_v1
    ])
"""

#: The account's next turn, by a function that migration 0008 makes: workers take the earliest turn first, and
#: an account with many shards in the queue has its turns after each other, beside those of all others.
NEXT_TURN = "SELECT next_turn(%(account)s)"

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


async def next_turn(connection: Connection, account: str) -> int:
    """Return the turn of the account's next shard; the queue wants it as a negative priority."""
    row = await (await connection.execute(NEXT_TURN, {"account": account})).fetchone()
    assert row is not None
    turn: int = row[0]
    return turn


async def defer_shard(connection: Connection, *, account: str, job: str, shard: int) -> None:
    """Put a shard into the queue at its account's next turn, as a part of the connection's transaction."""
    turn = await next_turn(connection, account)
    await _defer(connection, ROWS, RUN_SHARD, {"job": job, "shard": shard}, priority=-turn, lock=None)


async def defer_assembly(connection: Connection, job: str) -> None:
    """Put a job's last step into a queue of its own: its rows are paid for, and it waits for no shard."""
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
