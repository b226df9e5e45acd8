"""Flags and confidence of rows, and what templates say about answers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("result", sa.Column("flags", sa.Integer, nullable=False, server_default="0"))
    op.add_column("result", sa.Column("confidence", sa.SmallInteger, nullable=False, server_default="100"))
    for name in ("character_limit", "word_limit"):
        op.add_column("template", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    for name in ("forbidden_words", "reference_columns"):
        op.add_column("template", sa.Column(name, sa.ARRAY(sa.Text), nullable=False, server_default="{}"))
