"""What a parse found, assumed and was asked for, beyond encoding and delimiter."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_NO = sa.text("false")


def upgrade() -> None:
    # With defaults, so that the program before this one can still add parses.
    for column in (
        sa.Column("line_end", sa.Text, nullable=False, server_default=""),
        sa.Column("byte_order_mark", sa.Boolean, nullable=False, server_default=_NO),
        sa.Column("quoting", sa.Text, nullable=False, server_default=""),
        sa.Column("separator_line", sa.Boolean, nullable=False, server_default=_NO),
        sa.Column("omitted_columns", sa.ARRAY(sa.Integer), nullable=False, server_default="{}"),
        sa.Column("encoding_guessed", sa.Boolean, nullable=False, server_default=_NO),
        sa.Column("skip_rows", sa.Integer, nullable=False, server_default="0"),
        sa.Column("skip_last_rows", sa.Integer, nullable=False, server_default="0"),
        sa.Column("duplicate_names", sa.Text, nullable=False, server_default=""),
        sa.Column("sealed_sample", sa.LargeBinary),
    ):
        op.add_column("file_parse", column)
