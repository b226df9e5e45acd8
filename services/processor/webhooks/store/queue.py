"""The queue of messages as workers use it: they claim and end messages under a fence."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from services.processor.webhooks.messages import Message

#: How long a claim lasts. It must be longer than an attempt can take, or two workers send the same message; a
#: longer claim delays the message if its worker dies.
CLAIM_SECONDS = 60
_KEEP_DAYS = 30
#: How many ended messages of one webhook are kept, the newest. Fewer hide from owners what was sent; more let
#: one account fill the table.
MOST_KEPT = 10_000
_SWEEP = 1000
_MOST_SWEEPS = 100
# An account with many messages, or with slow receivers, gets no more than its share.
_CLAIM = """
    WITH due AS (
        SELECT id, row_number() OVER (PARTITION BY account ORDER BY next_attempt_time) AS nth
        FROM (
            SELECT id, account, next_attempt_time FROM webhook_delivery
            WHERE state = 'PENDING' AND next_attempt_time <= now() AND account <> ALL(%(busy)s)
            ORDER BY next_attempt_time LIMIT 1000
        ) AS first
    ), taken AS (
        SELECT delivery.id FROM webhook_delivery AS delivery JOIN due USING (id)
        WHERE due.nth <= %(each)s AND delivery.state = 'PENDING' AND delivery.next_attempt_time <= now()
        ORDER BY due.nth LIMIT %(most)s
        FOR UPDATE OF delivery SKIP LOCKED
    ), claimed AS (
        UPDATE webhook_delivery AS delivery
        SET fence = nextval('fence'), attempts = delivery.attempts + 1, last_attempt_time = now(),
            next_attempt_time = now() + make_interval(secs => %(seconds)s)
        FROM taken WHERE delivery.id = taken.id
        RETURNING delivery.*
    )
    SELECT claimed.id, claimed.webhook, claimed.event, claimed.create_time, claimed.job, claimed.job_state,
           claimed.pause_reason, claimed.error_reason, claimed.total, claimed.succeeded, claimed.failed,
           claimed.skipped, claimed.account, webhook.url, webhook.enabled, claimed.fence,
           claimed.attempts - claimed.attempts_before,
           secret.generations, secret.wrapped, coalesce(signing.sealed_grant, job.sealed_grant),
           coalesce(job.grant_token, '')
    FROM claimed JOIN webhook ON webhook.id = claimed.webhook
    LEFT JOIN webhook_grant AS signing ON signing.account = claimed.account AND signing.expire_time > now()
    LEFT JOIN job ON job.id = claimed.job
    CROSS JOIN LATERAL (
        SELECT array_agg(generation ORDER BY generation DESC) AS generations,
               array_agg(wrapped_secret ORDER BY generation DESC) AS wrapped
        FROM webhook_secret
        WHERE webhook = claimed.webhook AND (expire_time IS NULL OR expire_time > now())
    ) AS secret
"""
_END = """
    UPDATE webhook_delivery SET state = %(state)s, status_code = %(status)s, reason = %(reason)s,
                                next_attempt_time = NULL, end_time = now()
    WHERE id = %(id)s AND fence = %(fence)s AND state = 'PENDING'
    RETURNING webhook, create_time
"""
_AGAIN = """
    UPDATE webhook_delivery SET status_code = %(status)s, reason = %(reason)s,
                                next_attempt_time = now() + make_interval(secs => %(seconds)s)
    WHERE id = %(id)s AND fence = %(fence)s AND state = 'PENDING'
"""
_GIVE_BACK = """
    UPDATE webhook_delivery SET attempts = attempts - 1,
                                next_attempt_time = now() + make_interval(secs => %(seconds)s)
    WHERE id = %(id)s AND fence = %(fence)s AND state = 'PENDING'
"""
# A webhook stays on if other messages have been delivered since the failed one was made.
_DISABLE = """
    UPDATE webhook SET enabled = false, disabled_reason = %(disable)s, update_time = now()
    WHERE id = %(webhook)s AND enabled AND (%(disable)s = 'GONE' OR NOT EXISTS (
        SELECT FROM webhook_delivery
        WHERE webhook = %(webhook)s AND state = 'DELIVERED' AND end_time > %(since)s
    ))
    RETURNING id
"""
_END_OTHERS = """
    UPDATE webhook_delivery SET state = 'FAILED', reason = 'WEBHOOK_DISABLED', next_attempt_time = NULL,
                                end_time = now()
    WHERE webhook = %(webhook)s AND state = 'PENDING'
"""
_SWEEP_DELIVERIES = """
    DELETE FROM webhook_delivery WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM webhook_delivery
        WHERE create_time < now() - make_interval(days => %(days)s) AND state <> 'PENDING'
        ORDER BY create_time LIMIT %(most)s
    ))
"""
# Each change of a job makes one, and each test: without a bound, one account could fill the table.
_SWEEP_BEYOND = """
    DELETE FROM webhook_delivery WHERE ctid = ANY(ARRAY(
        SELECT beyond.ctid FROM webhook CROSS JOIN LATERAL (
            SELECT ctid FROM webhook_delivery WHERE webhook = webhook.id AND state <> 'PENDING'
            ORDER BY create_time DESC, id DESC OFFSET %(kept)s LIMIT %(most)s
        ) AS beyond LIMIT %(most)s
    ))
"""
_SWEEP_SECRETS = "DELETE FROM webhook_secret WHERE expire_time < now()"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that this worker sends, unless another worker claims it."""

    message: Message
    account: str
    url: str
    #: False if the webhook was switched off just when the message was made.
    enabled: bool
    fence: int
    #: Attempts since it was requested, including this one.
    attempt: int
    #: (generation, wrapped secret), the newest first.
    secrets: Sequence[tuple[int, bytes]] = field(repr=False)
    #: The account's grant for webhooks, or else the one of the job.
    sealed_grant: bytes | None = field(repr=False)
    #: The grant of a job that an older version started.
    grant: str = field(repr=False)


class WebhookQueue:
    """Claims and ends messages."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> None:
        self._pool = pool

    async def claim(self, *, most: int, each: int, busy: Sequence[str]) -> list[Claimed]:
        """Claim messages that are due: at most `each` per account, and none of the accounts in `busy`."""
        about = {"most": most, "each": each, "busy": list(busy), "seconds": CLAIM_SECONDS}
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_CLAIM, about)).fetchall()
        return [
            Claimed(
                Message(*row[:12]),
                account=row[12],
                url=row[13],
                enabled=row[14],
                fence=row[15],
                attempt=row[16],
                secrets=list(zip(row[17] or (), row[18] or (), strict=True)),
                sealed_grant=row[19],
                grant=row[20],
            )
            for row in rows
        ]

    async def delivered(self, claimed: Claimed, status: int) -> None:
        """Record that the receiver has the message."""
        async with self._pool.connection() as connection:
            await connection.execute(_END, _about(claimed, state="DELIVERED", status=status, reason=""))

    async def send_later(self, claimed: Claimed, status: int, reason: str, *, seconds: float) -> None:
        """Record why the message failed and when it is sent again."""
        about = _about(claimed, status=status, reason=reason, seconds=seconds)
        async with self._pool.connection() as connection:
            await connection.execute(_AGAIN, about)

    async def give_back(self, claimed: Claimed, *, seconds: float) -> None:
        """Give back a message that was not sent, as if it had not been claimed."""
        async with self._pool.connection() as connection:
            await connection.execute(_GIVE_BACK, _about(claimed, seconds=seconds))

    async def give_up(self, claimed: Claimed, status: int, reason: str, *, disable: str = "") -> None:
        """End the message as failed; if `disable` gives a lasting cause, switch the webhook off."""
        about = _about(claimed, state="FAILED", status=status, reason=reason)
        async with self._pool.connection() as connection:
            ended = await (await connection.execute(_END, about)).fetchone()
            if ended is None or not disable:
                return
            about = {"webhook": ended[0], "since": ended[1], "disable": disable}
            if await (await connection.execute(_DISABLE, about)).fetchone() is not None:
                await connection.execute(_END_OTHERS, about)

    async def sweep(self) -> None:
        """Remove messages that ended long ago or are beyond their webhook's number, and expired secrets."""
        async with self._pool.connection() as connection:
            await connection.execute(_SWEEP_DELIVERIES, {"days": _KEEP_DAYS, "most": _SWEEP})
            await connection.execute(_SWEEP_SECRETS)
        for _ in range(_MOST_SWEEPS):
            async with self._pool.connection() as connection:
                swept = await connection.execute(_SWEEP_BEYOND, {"kept": MOST_KEPT, "most": _SWEEP})
            if swept.rowcount < _SWEEP:
                return


def _about(claimed: Claimed, **more: object) -> dict[str, object]:
    return {"id": claimed.message.id, "fence": claimed.fence, **more}
