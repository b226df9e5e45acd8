"""Events of accounts."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "event",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("object", sa.Text, nullable=False),
        sa.Column("client_address", sa.Text, nullable=False),
        sa.Column("user_agent", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="event_pkey"),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name="event_account_fkey", ondelete="CASCADE"),
    )
    op.create_index("event_account_time_id_idx", "event", ["account", "time", "id"])
    op.create_index("event_time_idx", "event", ["time"])
