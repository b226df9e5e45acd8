"""Grants for webhooks in Postgres, as the vault sealed them."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from services.common.identity import Passport
from services.common.store.generations import require_current
from services.processor.models import WebhookGrantRow


class WebhookGrantStore:
    """One grant for each account."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def lasts(self, account: str, how_long: timedelta) -> bool:
        """Whether the account has a grant that lasts for this long, by the database's clock."""
        lasting = select(WebhookGrantRow.account).where(
            WebhookGrantRow.account == account,
            WebhookGrantRow.expire_time > func.clock_timestamp() + how_long,
        )
        async with self._sessions() as session:
            return await session.scalar(lasting) is not None

    async def keep(self, person: Passport, sealed: bytes, *, expire_time: datetime) -> None:
        """Store a grant; raise Unauthenticated for a passport from before the account's last suspension."""
        values = {"sealed_grant": sealed, "expire_time": expire_time}
        async with self._sessions.begin() as session:
            await require_current(session, person)
            await session.execute(
                insert(WebhookGrantRow)
                .values(account=person.account, **values)
                .on_conflict_do_update(index_elements=[WebhookGrantRow.account], set_=values)
            )
