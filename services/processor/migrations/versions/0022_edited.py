"""Jobs of which answers were put back after their rows were done."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job", sa.Column("edited", sa.Boolean, nullable=False, server_default=sa.false()))
