"""An index that finds an account's events among its releases."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "audit_records_of_account",
        "audit_records",
        ["account", "time"],
        postgresql_where=sa.text("action <> 'release'"),
    )
