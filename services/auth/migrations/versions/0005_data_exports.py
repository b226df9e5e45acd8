"""Exports of people's data."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "data_export",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("create_time", _TIME, nullable=False),
        sa.Column("end_time", _TIME),
        sa.Column("size_bytes", sa.BigInteger),
        sa.Column("sha256", sa.Text),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_time", _TIME),
        sa.PrimaryKeyConstraint("id", name="data_export_pkey"),
        sa.ForeignKeyConstraint(
            ["account"], ["account.id"], name="data_export_account_fkey", ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'running', 'completed', 'failed')", name="data_export_state_check"
        ),
    )
    op.create_index("data_export_account_create_time_id_idx", "data_export", ["account", "create_time", "id"])
    op.create_index("data_export_next_time_idx", "data_export", ["next_time"])
