"""Webhooks, their secrets, and the messages to be sent to them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

# A trigger rather than a line in each statement that ends or pauses a job: there are many, in both
# processes, and in each of them the job's change and the message about it must be one transaction.
_TELL = """
    CREATE FUNCTION tell_webhooks() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO webhook_delivery (
            id, account, webhook, event, job, job_state, pause_reason, error_reason,
            total, succeeded, failed, create_time, state, reason, next_attempt_time
        )
        SELECT replace(gen_random_uuid()::text, '-', ''), NEW.account, told.id, told.event,
               NEW.id, NEW.state, CASE WHEN NEW.state = 'PAUSED' THEN NEW.pause_reason ELSE '' END,
               NEW.error_reason, NEW.last_row - NEW.first_row + 1,
               NEW.succeeded + under_way.succeeded, NEW.failed + under_way.failed, now(),
               CASE WHEN waiting.count < 100 THEN 'PENDING' ELSE 'FAILED' END,
               CASE WHEN waiting.count < 100 THEN '' ELSE 'TOO_MANY_DELIVERIES' END,
               CASE WHEN waiting.count < 100 THEN now() END
        FROM (
            SELECT id, 'job.' || lower(NEW.state) AS event FROM webhook
            WHERE account = NEW.account AND enabled AND 'job.' || lower(NEW.state) = ANY(events)
            FOR KEY SHARE
        ) AS told
        CROSS JOIN LATERAL (
            SELECT count(*) AS count FROM webhook_delivery
            WHERE webhook = told.id AND webhook_delivery.state = 'PENDING'
        ) AS waiting
        CROSS JOIN LATERAL (
            SELECT coalesce(sum(shard.succeeded), 0) AS succeeded, coalesce(sum(shard.failed), 0) AS failed
            FROM shard WHERE job = NEW.id AND shard.state IN ('QUEUED', 'RUNNING', 'HALTED')
        ) AS under_way;
        RETURN NULL;
    END $$
"""
_TRIGGER = """
    CREATE TRIGGER job_tells_webhooks AFTER UPDATE OF state ON job FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state
          AND NEW.state IN ('COMPLETED', 'FAILED', 'CANCELLED', 'PAUSED'))
    EXECUTE FUNCTION tell_webhooks()
"""


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "webhook",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("events", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("disabled_reason", sa.Text, nullable=False),
        sa.Column("create_time", time, nullable=False),
        sa.Column("update_time", time, nullable=False),
    )
    op.create_index("webhook_by_account", "webhook", ["account", "create_time", "id"])
    op.create_table(
        "webhook_secret",
        sa.Column("webhook", sa.Text, _of_webhook(), primary_key=True),
        sa.Column("generation", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("wrapped_secret", sa.LargeBinary, nullable=False),
        sa.Column("expire_time", time),
    )
    op.create_index("webhook_secret_by_account", "webhook_secret", ["account", "webhook", "generation"])
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("webhook", sa.Text, _of_webhook(), nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("job", sa.Text, nullable=False, server_default=""),
        sa.Column("job_state", sa.Text, nullable=False, server_default=""),
        sa.Column("pause_reason", sa.Text, nullable=False, server_default=""),
        sa.Column("error_reason", sa.Text, nullable=False, server_default=""),
        sa.Column("total", sa.Integer, nullable=False, server_default="0"),
        sa.Column("succeeded", sa.Integer, nullable=False, server_default="0"),
        sa.Column("failed", sa.Integer, nullable=False, server_default="0"),
        sa.Column("create_time", time, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("attempts_before", sa.Integer, nullable=False, server_default="0"),
        sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("status_code", sa.Integer, nullable=False, server_default="0"),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        sa.Column("last_attempt_time", time),
        sa.Column("next_attempt_time", time),
        sa.Column("end_time", time),
    )
    op.create_index("webhook_delivery_by_webhook", "webhook_delivery", ["webhook", "create_time", "id"])
    op.create_index("webhook_delivery_by_account", "webhook_delivery", ["account", "id"])
    pending = sa.text("state = 'PENDING'")
    op.create_index(
        "webhook_delivery_due", "webhook_delivery", ["next_attempt_time"], postgresql_where=pending
    )
    op.create_index("webhook_delivery_waiting", "webhook_delivery", ["webhook"], postgresql_where=pending)
    op.create_index("webhook_delivery_old", "webhook_delivery", ["create_time"])
    op.execute(_TELL)
    op.execute(_TRIGGER)


def _of_webhook() -> sa.ForeignKey:
    return sa.ForeignKey("webhook.id", ondelete="CASCADE")
