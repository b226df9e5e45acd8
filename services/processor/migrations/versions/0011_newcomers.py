"""Turns half a step apart: who comes into the queue goes before the next turn of those who have had one."""

from alembic import op

revision = "0011"
down_revision = "0010"

# As in 0008, but further shards of an account come two turns later and a newcomer one after what is at work.
# With equal steps a newcomer met, and came behind, what everybody at work had put there long before.
# Newcomers cannot hold others up for ever: each that is taken moves on what the next one comes after.
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
