"""Turns half a step apart: an account that enters the queue goes before the next turn of those in it."""

from alembic import op

revision = "0011"
down_revision = "0010"

# As in 0008, but further shards of an account come two turns later, and a newcomer comes one turn after the
# shards in work. With equal steps, a newcomer came behind the shards that the other accounts had queued long
# before. Newcomers cannot delay others for ever: each one that is taken moves the turn after which the next
# one comes.
_NEXT_TURN = """
    CREATE OR REPLACE FUNCTION next_turn(of_account text) RETURNS integer LANGUAGE sql STABLE AS $$
        SELECT greatest(
            1 + coalesce(max(-task.priority) FILTER (WHERE task.status = 'doing'),
                         min(-task.priority) - 1, 0),
            2 + coalesce(max(-task.priority) FILTER (WHERE job.account = of_account), -1)
        )
        FROM procrastinate_jobs AS task JOIN job ON job.id = task.args ->> 'job'
        WHERE task.status IN ('todo', 'doing') AND task.task_name = 'run_shard'
    $$
"""


def upgrade() -> None:
    op.execute(_NEXT_TURN)
