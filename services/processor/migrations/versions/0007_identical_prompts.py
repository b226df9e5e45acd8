"""Answers to prompts that may occur again in a job."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "answer",
        sa.Column("job", sa.Text, sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("code", sa.LargeBinary, primary_key=True),
        sa.Column("payload", sa.LargeBinary, nullable=False),
    )
