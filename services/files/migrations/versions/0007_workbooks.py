"""The sheets of workbooks, and the tables that they became."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    # With a default, so that the program before this one can still add parses.
    op.add_column("file_parse", sa.Column("sheet", sa.Integer, nullable=False, server_default="0"))
    op.add_column("file_parse", sa.Column("table_key", sa.Text))
    op.add_column("file_parse", sa.Column("table_bytes", sa.BigInteger))
    op.add_column("file_parse", sa.Column("sealed_sheets", sa.LargeBinary))
    op.create_unique_constraint("file_parse_table_key_key", "file_parse", ["table_key"])
