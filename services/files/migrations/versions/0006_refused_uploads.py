"""Uploads that could not be read and are kept for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "refused_upload",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("object_key", sa.Text, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="refused_upload_pkey"),
        sa.UniqueConstraint("account", "sha256", name="refused_upload_account_key"),
        sa.UniqueConstraint("object_key", name="refused_upload_object_key_key"),
        sa.CheckConstraint("size_bytes >= 0", name="refused_upload_size_bytes_check"),
    )
    op.create_index("refused_upload_account_create_time_idx", "refused_upload", ["account", "create_time"])
    op.create_index("refused_upload_create_time_idx", "refused_upload", ["create_time"])
