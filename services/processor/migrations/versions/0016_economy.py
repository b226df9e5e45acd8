"""Economy jobs: batches at the provider, what each holds, and their end when their job ends early."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

# A trigger for the same reason as that of webhooks: many statements end a job, and its batches at the
# provider must be cancelled whichever it was. The task also ends the job's grant, which it needs until then.
_END = """
    CREATE FUNCTION end_batches() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- A completed job has batches under way only if its rows were given up.
        IF NEW.state = 'COMPLETED' AND NOT EXISTS (
            SELECT FROM batch WHERE batch.job = NEW.id AND batch.state <> 'DONE'
        ) THEN
            RETURN NULL;
        END IF;
        PERFORM procrastinate_defer_jobs_v1(ARRAY[
            ROW('results', 'end_batches', 0, NULL, 'end_batches/' || NEW.id,
                jsonb_build_object('job', NEW.id), NULL)::procrastinate_job_to_defer_v1
        ]);
        RETURN NULL;
    END $$
"""
_TRIGGER = """
    CREATE TRIGGER job_ends_batches AFTER UPDATE OF state ON job FOR EACH ROW
    WHEN (OLD.state IN ('PENDING', 'RUNNING', 'PAUSED') AND NEW.state IN ('FAILED', 'CANCELLED', 'COMPLETED')
          AND NEW.economy <> '')
    EXECUTE FUNCTION end_batches()
"""


def upgrade() -> None:
    op.add_column("job", sa.Column("economy", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "batch",
        sa.Column("job", sa.Text, sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("shard", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("mark", sa.Text, nullable=False),
        sa.Column("grant_id", sa.Text, nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("rows", sa.ARRAY(sa.Integer), nullable=False),
        sa.Column("left_rows", sa.ARRAY(sa.Integer), nullable=False, server_default="{}"),
        sa.Column("left_out", sa.ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("input_file", sa.Text, nullable=False, server_default=""),
        sa.Column("remote", sa.Text, nullable=False, server_default=""),
        sa.Column("output_file", sa.Text, nullable=False, server_default=""),
        sa.Column("error_file", sa.Text, nullable=False, server_default=""),
        sa.Column("reserved_nanos", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("used_nanos", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("looks", sa.Integer, nullable=False, server_default="0"),
        sa.Column("is_repeated", sa.Boolean, nullable=False, server_default="false"),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("sent_time", sa.DateTime(timezone=True)),
    )
    op.create_index("batch_open", "batch", ["job", "shard"], postgresql_where=sa.text("state <> 'DONE'"))
    op.execute(_END)
    op.execute(_TRIGGER)
