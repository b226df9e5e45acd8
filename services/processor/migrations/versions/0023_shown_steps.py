"""What a job shows of its file and templates when these have changed or are gone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job", sa.Column("file_name", sa.Text, nullable=False, server_default=""))
    op.add_column("job", sa.Column("steps", JSONB, nullable=False, server_default="[]"))
