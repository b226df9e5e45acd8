"""How long accounts want their files to be kept."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "file_retention",
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("days", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("account", name="file_retention_pkey"),
        sa.CheckConstraint("days >= 1", name="file_retention_days_check"),
    )
    op.create_index("file_create_time_idx", "file", ["create_time"])
