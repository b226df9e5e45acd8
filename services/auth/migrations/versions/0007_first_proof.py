"""When an address was first proved by mail, and what is suspended in other services because of it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    # Nothing tells which addresses were proved before: a reset left no trace, and verification can be
    # switched on at any time. So the next mail that an owner uses counts as the first.
    op.add_column("account", sa.Column("email_proof_time", time))
    op.create_table(
        "suspension",
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("mail", sa.Text, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_time", time, nullable=False),
        sa.PrimaryKeyConstraint("account", name="suspension_pkey"),
        sa.ForeignKeyConstraint(
            ["account"], ["account.id"], name="suspension_account_fkey", ondelete="CASCADE"
        ),
    )
    op.create_index("suspension_next_time_idx", "suspension", ["next_time"])
