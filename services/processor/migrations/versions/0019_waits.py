"""What a job has waited for, whether its file was looked for, and how often its result file was begun."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("waits_since", "waits_seen", "file_seen"):
        op.add_column("job", sa.Column(name, sa.DateTime(timezone=True)))
    for name in ("waits_done", "assemblies"):
        op.add_column("job", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    op.drop_index("job_waiting_for_provider", "job")
    op.create_index(
        "job_waiting_for_provider",
        "job",
        ["probe_time"],
        postgresql_where=sa.text("state = 'PAUSED' AND pause_reason IN ('PROVIDER_DOWN', 'SERVICE_DOWN')"),
    )
    op.create_index(
        "job_live",
        "job",
        ["file_seen"],
        postgresql_where=sa.text("state IN ('PENDING', 'RUNNING', 'PAUSED')"),
    )
