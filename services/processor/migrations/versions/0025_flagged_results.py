"""Finds the rows of a job that have flags, to count them without a look at all the others."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("result_flagged", "result", ["job", "flags"], postgresql_where=sa.text("flags <> 0"))
