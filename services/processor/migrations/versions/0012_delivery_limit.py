"""A message that is dropped at the limit has the same reason as a refused request for one more."""

from alembic import op

revision = "0012"
down_revision = "0011"

# As in 0006, but for the reason.
_TELL = """
    CREATE OR REPLACE FUNCTION tell_webhooks() RETURNS trigger LANGUAGE plpgsql AS $$
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
            SELECT coalesce(sum(shard.succeeded), 0) AS succeeded, coalesce(sum(shard.failed), 0) AS failed
            FROM shard WHERE job = NEW.id AND shard.state IN ('QUEUED', 'RUNNING', 'HALTED')
        ) AS under_way;
        RETURN NULL;
    END $$
"""


def upgrade() -> None:
    op.execute(_TELL)
    op.execute(
        "UPDATE webhook_delivery SET reason = 'WEBHOOK_DELIVERY_LIMIT' WHERE reason = 'TOO_MANY_DELIVERIES'"
    )
