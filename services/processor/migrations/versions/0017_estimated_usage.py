"""Whether some of the usage of a day is estimated."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "usage_day", sa.Column("is_estimated", sa.Boolean, nullable=False, server_default=sa.false())
    )
