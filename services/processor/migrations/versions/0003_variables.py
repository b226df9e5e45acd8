"""Custom variables, and templates whose answers are JSON objects."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("template", sa.Column("json_schema", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "variable",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("folded", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("create_time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("update_time", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("variable_by_key", "variable", ["account", "folded"], unique=True)
    op.create_index("variable_by_account", "variable", ["account", "create_time", "id"])
