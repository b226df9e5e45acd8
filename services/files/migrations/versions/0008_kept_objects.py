"""Objects outlive their rows by as long as a restore may reach back; and what is lost is marked."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.add_column(
        "doomed_object", sa.Column("discard_after", time, nullable=False, server_default=sa.func.now())
    )
    op.create_index("doomed_object_discard_after_idx", "doomed_object", ["discard_after"])
    op.create_table(
        "orphan_hold",
        sa.Column("single", sa.Boolean, nullable=False, server_default="true"),
        sa.Column("create_time", time, nullable=False),
        sa.PrimaryKeyConstraint("single", name="orphan_hold_pkey"),
        sa.CheckConstraint("single", name="orphan_hold_one_check"),
    )
    for table in ("file", "result"):
        op.add_column(table, sa.Column("lost_time", time))
