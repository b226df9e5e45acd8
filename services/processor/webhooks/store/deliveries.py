"""Deliveries in Postgres, as owners see them."""

from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from services.common.paging import Position
from services.processor.webhooks.deliveries import MOST_WAITING, Delivery, DeliveryState
from services.processor.webhooks.errors import (
    WebhookDeliveryLimit,
    WebhookDeliveryNotFound,
    WebhookDeliveryPending,
    WebhookDisabled,
    WebhookNotFound,
)
from services.processor.webhooks.messages import Message

_COLUMNS = """
    id, webhook, event, create_time, job, job_state, pause_reason, error_reason, total, succeeded, failed,
    skipped, state, attempts, status_code, reason, last_attempt_time,
    CASE WHEN state = 'PENDING' THEN next_attempt_time END
"""
_PAGE = f"""
    SELECT {_COLUMNS} FROM webhook_delivery
    WHERE webhook = %(webhook)s AND account = %(account)s
      AND (%(time)s::timestamptz IS NULL OR (create_time, id) < (%(time)s::timestamptz, %(id)s))
    ORDER BY create_time DESC, id DESC LIMIT %(count)s
"""  # noqa: S608  our own list of columns
_GET = f"SELECT {_COLUMNS} FROM webhook_delivery WHERE id = %(id)s AND account = %(account)s"  # noqa: S608
# The lock is held until the message is queued, so the webhook cannot be switched off or removed meanwhile.
_WEBHOOK = """
    SELECT enabled FROM webhook WHERE id = %(webhook)s AND account = %(account)s FOR NO KEY UPDATE
"""
_WAITING = "SELECT count(*) FROM webhook_delivery WHERE webhook = %(webhook)s AND state = 'PENDING'"
_TEST = """
    INSERT INTO webhook_delivery (id, account, webhook, event, create_time, state, next_attempt_time)
    VALUES (%(id)s, %(account)s, %(webhook)s, %(event)s, %(time)s, 'PENDING', now())
"""
_AGAIN = """
    UPDATE webhook_delivery SET state = 'PENDING', attempts_before = attempts, next_attempt_time = now(),
                                status_code = 0, reason = '', end_time = NULL
    WHERE id = %(id)s AND account = %(account)s AND state <> 'PENDING'
    RETURNING id
"""


class DeliveryStore:
    """Deliveries by account and id; another account's deliveries do not exist here."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> None:
        self._pool = pool

    async def page(self, account: str, webhook: str, after: Position | None, count: int) -> list[Delivery]:
        """Return up to `count` deliveries of a webhook, newest first; raise WebhookNotFound."""
        about = {
            "account": account,
            "webhook": webhook,
            "time": after and after.create_time,
            "id": after and after.id,
            "count": count,
        }
        known = "SELECT FROM webhook WHERE id = %(webhook)s AND account = %(account)s"
        async with self._pool.connection() as connection:
            if await (await connection.execute(known, about)).fetchone() is None:
                raise WebhookNotFound
            return [_delivery(row) for row in await (await connection.execute(_PAGE, about)).fetchall()]

    async def get(self, account: str, id_: str) -> Delivery:
        """Return a delivery; raise WebhookDeliveryNotFound."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_GET, {"id": id_, "account": account})).fetchone()
        if row is None:
            raise WebhookDeliveryNotFound
        return _delivery(row)

    async def add_test(self, account: str, webhook: str, message: Message) -> None:
        """Queue a test message; raise WebhookNotFound, WebhookDisabled or WebhookDeliveryLimit."""
        about = {
            "id": message.id,
            "account": account,
            "webhook": webhook,
            "event": message.event,
            "time": message.time,
        }
        async with self._pool.connection() as connection:
            await _with_room(connection, about)
            await connection.execute(_TEST, about)

    async def redeliver(self, account: str, id_: str) -> None:
        """Queue a message again; raise what `add_test` raises, or WebhookDeliveryPending."""
        webhook = (await self.get(account, id_)).message.webhook
        about = {"id": id_, "account": account, "webhook": webhook}
        async with self._pool.connection() as connection:
            await _with_room(connection, about)
            if await (await connection.execute(_AGAIN, about)).fetchone() is None:
                raise WebhookDeliveryPending


async def _with_room(connection: AsyncConnection[TupleRow], about: dict[str, Any]) -> None:
    found = await (await connection.execute(_WEBHOOK, about)).fetchone()
    if found is None:
        raise WebhookNotFound
    if not found[0]:
        raise WebhookDisabled
    waiting = await (await connection.execute(_WAITING, about)).fetchone()
    if waiting and waiting[0] >= MOST_WAITING:
        raise WebhookDeliveryLimit


def _delivery(row: TupleRow) -> Delivery:
    state, attempts, status_code, reason, last, following = row[12:]
    return Delivery(Message(*row[:12]), DeliveryState(state), attempts, status_code, reason, last, following)
