"""Rows that are skipped because the columns that their prompts use are blank."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# As in 0012, with the count of skipped rows.
_TELL = """
    CREATE OR REPLACE FUNCTION tell_webhooks() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO webhook_delivery (
            id, account, webhook, event, job, job_state, pause_reason, error_reason,
            total, succeeded, failed, skipped, create_time, state, reason, next_attempt_time
        )
        SELECT replace(gen_random_uuid()::text, '-', ''), NEW.account, told.id, told.event,
               NEW.id, NEW.state, CASE WHEN NEW.state = 'PAUSED' THEN NEW.pause_reason ELSE '' END,
               NEW.error_reason, NEW.last_row - NEW.first_row + 1,
               NEW.succeeded + under_way.succeeded, NEW.failed + under_way.failed,
               NEW.skipped + under_way.skipped, now(),
               CASE WHEN waiting.count < 100 THEN 'PENDING' ELSE 'FAILED' END,
               CASE WHEN waiting.count < 100 THEN '' ELSE 'WEBHOOK_DELIVERY_LIMIT' END,
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
            SELECT coalesce(sum(shard.succeeded), 0) AS succeeded, coalesce(sum(shard.failed), 0) AS failed,
                   coalesce(sum(shard.skipped), 0) AS skipped
            FROM shard WHERE job = NEW.id AND shard.state IN ('QUEUED', 'RUNNING', 'HALTED')
        ) AS under_way;
        RETURN NULL;
    END $$
"""


def upgrade() -> None:
    for table in ("job", "shard", "webhook_delivery"):
        op.add_column(table, sa.Column("skipped", sa.Integer, nullable=False, server_default="0"))
    op.execute(_TELL)
