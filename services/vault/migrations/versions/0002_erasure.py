"""Accounts that were erased, and how far the erasure ledger was followed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ended_accounts",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("end_time", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "erasure_state",
        sa.Column("single", sa.Boolean, primary_key=True, server_default="true"),
        sa.Column("seq", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("mac", sa.LargeBinary, nullable=False, server_default=""),
        sa.CheckConstraint("single", name="erasure_state_is_one"),
    )
    op.execute("INSERT INTO erasure_state DEFAULT VALUES")
