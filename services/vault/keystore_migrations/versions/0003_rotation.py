"""The oldest version of the wrapping key that is still accepted."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("installation", sa.Column("wrapping_minimum", sa.BigInteger))
    op.execute("UPDATE installation SET wrapping_minimum = wrapping_version")
    op.alter_column("installation", "wrapping_minimum", nullable=False)
    op.create_check_constraint("installation_minimum", "installation", "wrapping_minimum <= wrapping_version")
