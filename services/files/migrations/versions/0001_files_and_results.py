"""Files, their parses, result files, and objects that wait to be deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "file",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("create_time", _TIME, nullable=False),
        sa.Column("object_key", sa.Text, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("parse", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="file_pkey"),
        sa.UniqueConstraint("object_key", name="file_object_key_key"),
        sa.CheckConstraint("size_bytes >= 0", name="file_size_bytes_check"),
    )
    op.create_index("file_account_create_time_id_idx", "file", ["account", "create_time", "id"])
    op.create_table(
        "file_parse",
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("encoding", sa.Text, nullable=False),
        sa.Column("delimiter", sa.Text, nullable=False),
        sa.Column("row_count", sa.Integer, nullable=False),
        sa.Column("sealed_columns", sa.LargeBinary, nullable=False),
        sa.Column("sealed_index", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("file", "version", name="file_parse_pkey"),
        sa.ForeignKeyConstraint(["file"], ["file.id"], name="file_parse_file_fkey", ondelete="CASCADE"),
    )
    op.create_table(
        "result",
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("variant", sa.Text, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("temporary", sa.Boolean, nullable=False),
        sa.Column("row_count", sa.Integer, nullable=False),
        sa.Column("create_time", _TIME, nullable=False),
        sa.Column("object_key", sa.Text, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("account", "job", "variant", name="result_pkey"),
        sa.UniqueConstraint("object_key", name="result_object_key_key"),
        sa.CheckConstraint("fence >= 1", name="result_fence_check"),
    )
    op.create_index("result_temporary_idx", "result", ["create_time"], postgresql_where=sa.text("temporary"))
    op.create_table(
        "doomed_object",
        sa.Column("object_key", sa.Text, nullable=False),
        sa.Column("create_time", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("object_key", name="doomed_object_pkey"),
    )
    op.create_table(
        "idempotency",
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("resource", sa.Text, nullable=False),
        sa.Column("create_time", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("account", "method", "key", name="idempotency_pkey"),
    )
    op.create_index("idempotency_create_time_idx", "idempotency", ["create_time"])
