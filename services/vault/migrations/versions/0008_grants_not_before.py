"""Since when grants count: a replay after a restore refuses those that were signed before it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("erasure_state", sa.Column("grants_not_before", sa.DateTime(timezone=True)))
