"""Access tokens."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0002"
down_revision = "0001"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "access_token",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("scopes", ARRAY(sa.Text), nullable=False),
        sa.Column("create_time", _TIME, nullable=False),
        sa.Column("expire_time", _TIME, nullable=False),
        sa.Column("last_used_time", _TIME),
        sa.PrimaryKeyConstraint("id", name="access_token_pkey"),
        sa.UniqueConstraint("digest", name="access_token_digest_key"),
        sa.ForeignKeyConstraint(
            ["account"], ["account.id"], name="access_token_account_fkey", ondelete="CASCADE"
        ),
        sa.CheckConstraint(
            "scopes <@ ARRAY['read', 'write'] AND cardinality(scopes) > 0", name="access_token_scopes_check"
        ),
    )
    op.create_index(
        "access_token_account_create_time_id_idx", "access_token", ["account", "create_time", "id"]
    )
