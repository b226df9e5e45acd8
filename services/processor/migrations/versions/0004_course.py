"""Jobs that are paused, resumed and reopened: shards in the queue may also have counters."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.drop_index("shard_open", "shard")
    op.create_index(
        "shard_open", "shard", ["job"], postgresql_where=sa.text("state IN ('QUEUED', 'RUNNING', 'HALTED')")
    )
    op.drop_index("shard_waiting", "shard")
    op.create_index(
        "shard_waiting",
        "shard",
        ["job", "number"],
        postgresql_where=sa.text("state IN ('WAITING', 'HALTED')"),
    )
