"""How a provider key is sent, and how long a call with it may take."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("kind", sa.Text, nullable=False, server_default="OPENAI"))
    op.add_column("api_keys", sa.Column("timeout_seconds", sa.Integer, nullable=False, server_default="0"))
    op.create_check_constraint("api_keys_kind", "api_keys", "kind IN ('OPENAI', 'AZURE_OPENAI')")
    op.create_check_constraint(
        "api_keys_timeout", "api_keys", "timeout_seconds = 0 OR timeout_seconds BETWEEN 5 AND 900"
    )
