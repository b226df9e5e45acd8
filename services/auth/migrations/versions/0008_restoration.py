"""The settlement of a restored database: that what ended after the restored moment was buried in it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "restoration",
        sa.Column("single", sa.Boolean, nullable=False, server_default="true"),
        sa.Column("history", sa.Text, nullable=False),
        sa.Column("settlement", sa.Text, nullable=False),
        sa.Column("moment", time),
        sa.Column("settle_time", time, nullable=False),
        sa.PrimaryKeyConstraint("single", name="restoration_pkey"),
        sa.CheckConstraint("single", name="restoration_one_check"),
    )
