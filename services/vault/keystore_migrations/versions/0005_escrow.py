"""The root keys that are confirmed to be written down."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "escrows",
        sa.Column("root_key_id", sa.Text, primary_key=True),
        sa.Column("confirm_time", sa.DateTime(timezone=True), nullable=False),
    )
