"""Grants sealed by the vault, grants for webhooks, and the generation of an account's access."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    # A job that runs while the services are replaced keeps its grant as it is until it is resumed or ends.
    op.add_column("job", sa.Column("sealed_grant", sa.LargeBinary))
    op.execute(
        "UPDATE job SET grant_token = ''"
        " WHERE state IN ('COMPLETED', 'FAILED', 'CANCELLED') OR grant_expire_time < now()"
    )
    op.create_table(
        "webhook_grant",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("sealed_grant", sa.LargeBinary, nullable=False),
        sa.Column("expire_time", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "account_generation",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("webhooks", sa.Integer, nullable=False),
        sa.Column("jobs", sa.Integer, nullable=False),
        sa.Column("api_keys", sa.Integer, nullable=False),
    )
