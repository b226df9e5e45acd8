"""How far the erasure ledger was followed, which ratchet is due, and when keys were destroyed."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account_keys", sa.Column("destroy_time", sa.DateTime(timezone=True)))
    op.create_table(
        "erasure_state",
        sa.Column("single", sa.Boolean, primary_key=True, server_default="true"),
        sa.Column("seq", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("mac", sa.LargeBinary, nullable=False, server_default=""),
        sa.Column("ratchet_beyond", sa.BigInteger),
        sa.Column("due_time", sa.DateTime(timezone=True)),
        sa.Column("restored", sa.Boolean, nullable=False, server_default="false"),
        sa.CheckConstraint("single", name="erasure_state_is_one"),
        sa.CheckConstraint("(ratchet_beyond IS NULL) = (due_time IS NULL)", name="erasure_state_due"),
    )
    op.execute("INSERT INTO erasure_state DEFAULT VALUES")
