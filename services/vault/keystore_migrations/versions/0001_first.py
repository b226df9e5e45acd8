"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "installation",
        sa.Column("single", sa.Boolean, primary_key=True, server_default="true"),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("root_key_id", sa.Text, nullable=False),
        sa.Column("wrapping_version", sa.BigInteger, nullable=False),
        sa.Column("wrapping_uses", sa.BigInteger, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("single", name="installation_is_one"),
    )
    op.create_table(
        "account_keys",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("epoch", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("wrapped", sa.LargeBinary),
        sa.Column("uses", sa.BigInteger, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('active', 'retired', 'destroyed')", name="account_keys_state"),
        sa.CheckConstraint("(wrapped IS NULL) = (state = 'destroyed')", name="account_keys_destroyed"),
    )
    op.create_index(
        "account_keys_one_active",
        "account_keys",
        ["account"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "system_keys",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('active', 'retired')", name="system_keys_state"),
    )
    op.create_index(
        "system_keys_one_active",
        "system_keys",
        ["kind"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "objects",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("object", sa.Text, primary_key=True),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("deleted", sa.Boolean, nullable=False),
    )
