"""How much a model thinks, a limit that counts its thinking, and when a provider is tried that is away."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("template", sa.Column("reasoning_effort", sa.Text, nullable=False, server_default=""))
    op.add_column(
        "template", sa.Column("max_completion_tokens", sa.Integer, nullable=False, server_default="0")
    )
    op.add_column("job", sa.Column("down_time", sa.DateTime(timezone=True)))
    op.add_column("job", sa.Column("probe_time", sa.DateTime(timezone=True)))
    op.add_column("job", sa.Column("probe_count", sa.Integer, nullable=False, server_default="0"))
    op.create_index(
        "job_waiting_for_provider",
        "job",
        ["probe_time"],
        postgresql_where=sa.text("state = 'PAUSED' AND pause_reason = 'PROVIDER_DOWN'"),
    )
