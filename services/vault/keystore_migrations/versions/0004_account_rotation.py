"""When an account's key was retired, and which owners have nothing left under older epochs."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("account_keys", sa.Column("retire_time", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        "account_keys_retired", "account_keys", "state <> 'retired' OR retire_time IS NOT NULL"
    )
    # Retired epochs are few, and are looked up every few seconds.
    op.create_index(
        "account_keys_retired_of", "account_keys", ["account"], postgresql_where=sa.text("state = 'retired'")
    )
    op.create_table(
        "epoch_confirmations",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("epoch", sa.BigInteger, nullable=False),
    )
