"""Settings for all jobs of an account."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "job_setting",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("parallel_calls", sa.Integer, nullable=False),
    )
