"""Stops in the processor's database what would go on by itself: jobs, webhooks, messages that wait."""

from ops.aftermath.databases import PROCESSOR, Connection, changed, connected, known, rows

_LATER_WEBHOOKS = "SELECT id, url, events, enabled, disabled_reason FROM webhook"
_LATER_SECRETS = "SELECT webhook, generation, account, wrapped_secret, expire_time FROM webhook_secret"
_AS_LATER = """
UPDATE webhook w SET url = l.url, events = l.events, enabled = l.enabled, disabled_reason = l.disabled_reason
FROM later_webhook l
WHERE l.id = w.id
    AND (w.url, w.events, w.enabled, w.disabled_reason)
        IS DISTINCT FROM (l.url, l.events, l.enabled, l.disabled_reason)
"""
# A secret that was replaced signs nothing any longer; its successor is bound to the same webhook.
_OLD_SECRETS = """
DELETE FROM webhook_secret s WHERE NOT EXISTS (
    SELECT FROM later_secret l WHERE (l.webhook, l.generation) = (s.webhook, s.generation)
        AND l.expire_time IS NOT DISTINCT FROM s.expire_time
)
"""
_NEW_SECRETS = """
INSERT INTO webhook_secret (webhook, generation, account, wrapped_secret, expire_time)
SELECT l.webhook, l.generation, l.account, l.wrapped_secret, l.expire_time
FROM later_secret l JOIN webhook w ON w.id = l.webhook
ON CONFLICT (webhook, generation) DO NOTHING
"""
_SWITCH_OFF = "UPDATE webhook SET enabled = false, disabled_reason = 'UNCONFIRMED' WHERE enabled"
# They may have been sent after the moment. Their owners can have them sent again.
_HOLD = """
UPDATE webhook_delivery SET state = 'FAILED', reason = 'RESTORED', next_attempt_time = NULL, end_time = now()
WHERE state = 'PENDING'
"""
_PAUSE = """
UPDATE job SET state = 'PAUSED', pause_reason = 'RESTORED', error_reason = '', error_message = '',
    error_said = '', down_time = NULL, probe_time = NULL, waits_since = NULL, waits_seen = NULL
WHERE state IN ('PENDING', 'RUNNING')
    OR state = 'PAUSED' AND pause_reason IN ('PROVIDER_DOWN', 'SERVICE_DOWN')
"""


async def settle(main: str, shadow: str | None) -> dict[str, int]:
    """Stop everything in one transaction; return counts."""
    counts: dict[str, int] = {}
    webhooks, secrets = [], []
    if shadow:
        async with connected(shadow, PROCESSOR) as database:
            webhooks = list(await rows(database, _LATER_WEBHOOKS))
            secrets = list(await rows(database, _LATER_SECRETS))
    async with connected(main, PROCESSOR) as database:
        counts["webhook messages held"] = await changed(database, _HOLD)
        if shadow:
            await known(
                database,
                "later_webhook",
                "id text, url text, events text[], enabled bool, disabled_reason text",
                webhooks,
            )
            columns = (
                "webhook text, generation bigint, account text, wrapped_secret bytea, expire_time timestamptz"
            )
            await known(database, "later_secret", columns, secrets)
            counts |= await _as_later(database)
        else:
            counts["webhooks off until confirmed"] = await changed(database, _SWITCH_OFF)
        await changed(database, "DELETE FROM webhook_grant")
        counts["jobs paused"] = await changed(database, _PAUSE)
    return counts


async def _as_later(database: Connection) -> dict[str, int]:
    gone = "DELETE FROM webhook w WHERE NOT EXISTS (SELECT FROM later_webhook l WHERE l.id = w.id)"
    return {
        "webhooks removed": await changed(database, gone),
        "webhooks as they were later": await changed(database, _AS_LATER),
        "webhook secrets ended": await changed(database, _OLD_SECRETS),
        "webhook secrets as they were later": await changed(database, _NEW_SECRETS),
    }
