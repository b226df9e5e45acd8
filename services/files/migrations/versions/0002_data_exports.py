"""Archives of people's data."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "data_export",
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("object_key", sa.Text, nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("account", "name", name="data_export_pkey"),
        sa.UniqueConstraint("object_key", name="data_export_object_key_key"),
        sa.CheckConstraint("fence >= 1", name="data_export_fence_check"),
    )
    op.create_index("data_export_create_time_idx", "data_export", ["create_time"])
