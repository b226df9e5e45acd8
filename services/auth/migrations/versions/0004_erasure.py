"""Accounts that have left."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("passes", sa.Integer, nullable=False),
        sa.Column("next_time", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("account", name="erasure_pkey"),
    )
    op.create_index("erasure_next_time_idx", "erasure", ["next_time"])
