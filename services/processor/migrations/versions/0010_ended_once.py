"""Webhooks are told once that a job has ended: removing it later sends no further message."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("DROP TRIGGER job_tells_webhooks ON job")
    op.execute("""
        CREATE TRIGGER job_tells_webhooks AFTER UPDATE OF state ON job FOR EACH ROW
        WHEN (OLD.state IN ('PENDING', 'RUNNING', 'PAUSED') AND OLD.state <> NEW.state
              AND NEW.state IN ('COMPLETED', 'FAILED', 'CANCELLED', 'PAUSED'))
        EXECUTE FUNCTION tell_webhooks()
    """)
