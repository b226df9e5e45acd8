"""When a grant was first used: what the brake counts."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("grants", sa.Column("met_time", sa.DateTime(timezone=True)))
    op.create_index(
        "grants_met_lately", "grants", ["met_time"], postgresql_where=sa.text("met_time IS NOT NULL")
    )
