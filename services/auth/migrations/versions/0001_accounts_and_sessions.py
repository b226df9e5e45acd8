"""Accounts and sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("create_time", _TIME, nullable=False),
        sa.Column("password_scheme", sa.Text, nullable=False),
        sa.Column("password_pepper_id", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="account_pkey"),
        sa.UniqueConstraint("email", name="account_email_key"),
        sa.CheckConstraint("state IN ('active', 'disabled', 'deleted')", name="account_state_check"),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("create_time", _TIME, nullable=False),
        sa.Column("last_used_time", _TIME, nullable=False),
        sa.Column("expire_time", _TIME, nullable=False),
        sa.Column("user_agent", sa.Text, nullable=False),
        sa.Column("client_address", sa.Text, nullable=False),
        sa.Column("end_time", _TIME),
        sa.Column("end_reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="session_pkey"),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name="session_account_fkey", ondelete="CASCADE"),
        sa.CheckConstraint("(end_time IS NULL) = (end_reason IS NULL)", name="session_end_check"),
    )
    op.create_index("session_account_create_time_id_idx", "session", ["account", "create_time", "id"])
