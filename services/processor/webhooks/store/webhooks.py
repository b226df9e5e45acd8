"""Webhooks and their secrets in Postgres."""

from datetime import datetime

from sqlalchemy import Insert, delete, func, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from services.common.identity import Passport
from services.common.paging import Position
from services.common.store.generations import require_current
from services.common.store.room import check_room
from services.processor.models import WebhookDeliveryRow, WebhookRow, WebhookSecretRow
from services.processor.webhooks.errors import WebhookInvalid, WebhookLimit, WebhookNotFound
from services.processor.webhooks.webhooks import MOST_WEBHOOKS, Webhook, WebhookFields


class WebhookStore:
    """Webhooks by account and id; another account's webhooks do not exist here."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def add(self, person: Passport, webhook: Webhook, wrapped_secret: bytes) -> None:
        """Store a webhook with its first secret; raise WebhookLimit, or Unauthenticated."""
        async with self._sessions.begin() as session:
            await require_current(session, person)
            await check_room(
                session, WebhookRow.account, account=webhook.account, most=MOST_WEBHOOKS, full=WebhookLimit
            )
            fields = webhook.fields
            await session.execute(
                insert(WebhookRow).values(
                    id=webhook.id,
                    account=webhook.account,
                    display_name=fields.display_name,
                    url=fields.url,
                    events=list(fields.events),
                    enabled=fields.enabled,
                    disabled_reason=webhook.disabled_reason,
                    create_time=webhook.create_time,
                    update_time=webhook.update_time,
                )
            )
            await session.execute(_secret(webhook.account, webhook.id, 1, wrapped_secret))

    async def get(self, account: str, id_: str) -> Webhook:
        """Return a webhook; raise WebhookNotFound."""
        query = select(WebhookRow).where(WebhookRow.account == account, WebhookRow.id == id_)
        async with self._sessions() as session:
            row = (await session.scalars(query)).one_or_none()
        if row is None:
            raise WebhookNotFound
        return _webhook(row)

    async def page(self, account: str, after: Position | None, count: int) -> list[Webhook]:
        """Return up to `count` webhooks, newest first, that come after a position."""
        query = select(WebhookRow).where(WebhookRow.account == account)
        if after is not None:
            query = query.where(
                tuple_(WebhookRow.create_time, WebhookRow.id) < tuple_(after.create_time, after.id)
            )
        query = query.order_by(WebhookRow.create_time.desc(), WebhookRow.id.desc()).limit(count)
        async with self._sessions() as session:
            return [_webhook(row) for row in await session.scalars(query)]

    async def replace(self, person: Passport, webhook: Webhook) -> None:
        """Store a changed webhook; if it is off, end its waiting messages.

        Raises WebhookNotFound, or Unauthenticated.
        """
        fields = webhook.fields
        changed = (
            update(WebhookRow)
            .where(WebhookRow.account == webhook.account, WebhookRow.id == webhook.id)
            .values(
                display_name=fields.display_name,
                url=fields.url,
                events=list(fields.events),
                enabled=fields.enabled,
                disabled_reason=webhook.disabled_reason,
                update_time=webhook.update_time,
            )
            .returning(WebhookRow.id)
        )
        ended = (
            update(WebhookDeliveryRow)
            .where(WebhookDeliveryRow.webhook == webhook.id, WebhookDeliveryRow.state == "PENDING")
            .values(state="FAILED", reason="WEBHOOK_DISABLED", next_attempt_time=None, end_time=func.now())
        )
        async with self._sessions.begin() as session:
            await require_current(session, person)
            if (await session.execute(changed)).first() is None:
                raise WebhookNotFound
            if not fields.enabled:
                await session.execute(ended)

    async def remove(self, account: str, id_: str) -> None:
        """Remove a webhook with everything that belongs to it; raise WebhookNotFound."""
        removal = delete(WebhookRow).where(WebhookRow.account == account, WebhookRow.id == id_)
        async with self._sessions.begin() as session:
            if (await session.execute(removal.returning(WebhookRow.id))).first() is None:
                raise WebhookNotFound

    async def newest_secret(self, account: str, id_: str) -> int:
        """Return the generation of the newest secret; raise WebhookNotFound."""
        query = select(func.max(WebhookSecretRow.generation)).where(
            WebhookSecretRow.account == account, WebhookSecretRow.webhook == id_
        )
        async with self._sessions() as session:
            newest = await session.scalar(query)
        if newest is None:
            raise WebhookNotFound
        return int(newest)

    async def rotate(
        self, person: Passport, id_: str, *, generation: int, wrapped: bytes, older_until: datetime
    ) -> None:
        """Store the next secret; the one before it ends at the given time, and older ones end now."""
        account = person.account
        of_webhook = (WebhookSecretRow.account == account) & (WebhookSecretRow.webhook == id_)
        try:
            async with self._sessions.begin() as session:
                await require_current(session, person)
                await session.execute(
                    delete(WebhookSecretRow).where(of_webhook, WebhookSecretRow.generation < generation - 1)
                )
                await session.execute(
                    update(WebhookSecretRow).where(of_webhook).values(expire_time=older_until)
                )
                await session.execute(_secret(account, id_, generation, wrapped))
        except IntegrityError:
            # Another request rotated it at the same time, or removed it.
            raise WebhookInvalid("Another request changed the webhook at the same time; try again") from None


def _secret(account: str, webhook: str, generation: int, wrapped: bytes) -> Insert:
    return insert(WebhookSecretRow).values(
        account=account, webhook=webhook, generation=generation, wrapped_secret=wrapped
    )


def _webhook(row: WebhookRow) -> Webhook:
    return Webhook(
        id=row.id,
        account=row.account,
        fields=WebhookFields(row.display_name, row.url, tuple(row.events), row.enabled),
        disabled_reason=row.disabled_reason,
        create_time=row.create_time,
        update_time=row.update_time,
    )
