"""Usage by account, day and model; what jobs cost, and their budgets."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "usage_day",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("model", sa.Text, primary_key=True),
        sa.Column("slot", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("usages", sa.BigInteger, nullable=False),
        sa.Column("input_tokens", sa.BigInteger, nullable=False),
        sa.Column("output_tokens", sa.BigInteger, nullable=False),
        sa.Column("cost_nanos", sa.BigInteger, nullable=False),
    )
    op.add_column("shard", sa.Column("cost_nanos", sa.BigInteger, nullable=False, server_default="0"))
    for name in ("cost_nanos", "max_cost_nanos", "reserved_nanos"):
        op.add_column("job", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("job", sa.Column("priced", sa.Boolean, nullable=False, server_default="false"))
    op.execute("ALTER TABLE usage_day SET (fillfactor = 50)")
