"""Profiles of parses."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("file_parse", sa.Column("sealed_profile", sa.LargeBinary))
