"""How much a model thinks, and a limit that counts its thinking."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("template", sa.Column("reasoning_effort", sa.Text, nullable=False, server_default=""))
    op.add_column(
        "template", sa.Column("max_completion_tokens", sa.Integer, nullable=False, server_default="0")
    )
