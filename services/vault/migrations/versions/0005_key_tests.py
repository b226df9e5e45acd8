"""The result of trying a key at its provider."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("last_test_result", sa.Text))
    op.add_column("api_keys", sa.Column("last_tested_time", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        "api_keys_test",
        "api_keys",
        "(last_test_result IS NULL) = (last_tested_time IS NULL)"
        " AND last_test_result IN ('VALID', 'INVALID', 'NO_CREDITS', 'UNREACHABLE')",
    )
