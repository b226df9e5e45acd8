"""Templates whose answer is a choice, and those whose answers are saved as they came."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("is_choice", "auto_fix_off"):
        op.add_column("template", sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false()))
