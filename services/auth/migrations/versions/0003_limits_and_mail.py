"""Attempts that are limited, mail that waits, tokens that were mailed, devices; when a password changed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("most", sa.Integer, nullable=False),
        sa.Column("period", sa.Interval, nullable=False),
        sa.Column("times", postgresql.ARRAY(_TIME), nullable=False),
        sa.PrimaryKeyConstraint("key", name="attempt_pkey"),
    )
    op.create_table(
        "mail",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("facts", postgresql.JSONB, nullable=False),
        sa.Column("create_time", _TIME, nullable=False),
        sa.Column("next_try_time", _TIME, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="mail_pkey"),
    )
    op.create_index("mail_next_try_time_idx", "mail", ["next_try_time"])
    op.create_table(
        "mailed_token",
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("create_time", _TIME, nullable=False),
        sa.Column("expire_time", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("account", "purpose", name="mailed_token_pkey"),
        sa.UniqueConstraint("digest", name="mailed_token_digest_key"),
        sa.ForeignKeyConstraint(
            ["account"], ["account.id"], name="mailed_token_account_fkey", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "device",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("create_time", _TIME, nullable=False),
        sa.Column("last_used_time", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="device_pkey"),
        sa.UniqueConstraint("digest", name="device_digest_key"),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name="device_account_fkey", ondelete="CASCADE"),
    )
    op.create_index("device_account_last_used_time_idx", "device", ["account", "last_used_time"])
    op.add_column(
        "account", sa.Column("password_generation", sa.Integer, nullable=False, server_default=sa.text("1"))
    )
    op.drop_constraint("account_state_check", "account", type_="check")
    op.create_check_constraint(
        "account_state_check", "account", "state IN ('unverified', 'active', 'disabled', 'deleted')"
    )
