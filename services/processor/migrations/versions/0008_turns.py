"""Turns in the queue, so that an account with many shards in it does not delay the others."""

from alembic import op

revision = "0008"
down_revision = "0007"

# Fair queueing by turns: an account that enters the queue starts at the current turn, and each further shard
# of the same account comes one turn later. An account gains nothing by queueing much, and loses nothing by
# having queued much before. Turns begin anew whenever the queue is empty.
_NEXT_TURN = """
    CREATE FUNCTION next_turn(of_account text) RETURNS integer LANGUAGE sql STABLE AS $$
        SELECT 1 + greatest(
            coalesce(max(-task.priority) FILTER (WHERE task.status = 'doing'),
                     min(-task.priority) - 1, 0),
            coalesce(max(-task.priority) FILTER (WHERE job.account = of_account), 0)
        )
        FROM procrastinate_jobs AS task JOIN job ON job.id = task.args ->> 'job'
        WHERE task.status IN ('todo', 'doing') AND task.task_name = 'run_shard'
    $$
"""


def upgrade() -> None:
    op.execute(_NEXT_TURN)
