"""Templates, jobs with their shards and results, and procrastinate's queue beside them."""

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager

revision = "0001"
down_revision = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.execute("CREATE SEQUENCE fence")
    op.create_table(
        "idempotency",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("method", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("resource", sa.Text, nullable=False),
        sa.Column("create_time", TIME, nullable=False, index=True),
    )
    op.create_table(
        "template",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("prompt", sa.Text, nullable=False),
        sa.Column("output_column", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("temperature", sa.Double, nullable=False),
        sa.Column("max_tokens", sa.Integer, nullable=False),
        sa.Column("create_time", TIME, nullable=False),
        sa.Column("update_time", TIME, nullable=False),
    )
    op.create_index("template_by_account", "template", ["account", "create_time", "id"])
    op.create_table(
        "job",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("parse", sa.Integer, nullable=False),
        sa.Column("templates", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("first_row", sa.Integer, nullable=False),
        sa.Column("last_row", sa.Integer, nullable=False),
        sa.Column("parallel_calls", sa.Integer, nullable=False),
        sa.Column("api_key", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("pause_reason", sa.Text, nullable=False),
        sa.Column("error_reason", sa.Text, nullable=False),
        sa.Column("error_message", sa.Text, nullable=False),
        sa.Column("succeeded", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("input_tokens", sa.BigInteger, nullable=False),
        sa.Column("output_tokens", sa.BigInteger, nullable=False),
        sa.Column("shard_count", sa.Integer, nullable=False),
        sa.Column("shards_done", sa.Integer, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.Column("snapshot", sa.LargeBinary, nullable=False),
        sa.Column("grant_token", sa.Text, nullable=False),
        sa.Column("grant_id", sa.Text, nullable=False),
        sa.Column("grant_expire_time", TIME, nullable=False),
        sa.Column("result_fence", sa.BigInteger, nullable=False),
        sa.Column("result_size", sa.BigInteger, nullable=False),
        sa.Column("result_sha256", sa.Text, nullable=False),
        sa.Column("mark_time", TIME),
        sa.Column("mark_done", sa.Integer, nullable=False),
        sa.Column("mark_rate", sa.Double, nullable=False),
        sa.Column("create_time", TIME, nullable=False),
        sa.Column("start_time", TIME),
        sa.Column("end_time", TIME),
    )
    op.create_index("job_by_account", "job", ["account", "create_time", "id"])
    op.create_table(
        "shard",
        sa.Column("job", sa.Text, sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("first_row", sa.Integer, nullable=False),
        sa.Column("last_row", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("claims", sa.Integer, nullable=False),
        sa.Column("succeeded", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("input_tokens", sa.BigInteger, nullable=False),
        sa.Column("output_tokens", sa.BigInteger, nullable=False),
    )
    op.create_index(
        "shard_waiting", "shard", ["job", "number"], postgresql_where=sa.text("state = 'WAITING'")
    )
    op.create_index(
        "shard_open", "shard", ["job"], postgresql_where=sa.text("state IN ('RUNNING', 'HALTED')")
    )
    op.create_table(
        "result",
        sa.Column("job", sa.Text, sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("row", sa.Integer, primary_key=True),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("attempts", sa.SmallInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
    )
    op.create_index("result_failed", "result", ["job", "row"], postgresql_where=sa.text("state = 2"))
    # Results are written once and in bulk; progress of a shard is written often, in place.
    op.execute("ALTER TABLE shard SET (fillfactor = 50)")
    # Many statements at once: only the driver itself takes them.
    with op.get_bind().connection.cursor() as cursor:
        cursor.execute(SchemaManager.get_schema())
