"""Names that people give their jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job", sa.Column("display_name", sa.Text, nullable=False, server_default=""))
