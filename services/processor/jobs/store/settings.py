"""Accounts' settings for their jobs, in Postgres."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from services.processor.models import JobSettingRow


class JobSettingStore:
    """Keeps one row for each account that has changed a setting."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def parallel_calls(self, account: str) -> int:
        """Return the account's own number; 0 when it has none."""
        wanted = select(JobSettingRow.parallel_calls).where(JobSettingRow.account == account)
        async with self._sessions() as session:
            return await session.scalar(wanted) or 0

    async def set_parallel_calls(self, account: str, count: int) -> None:
        """Store the account's own number."""
        row = insert(JobSettingRow).values(account=account, parallel_calls=count)
        kept = row.on_conflict_do_update(
            index_elements=[JobSettingRow.account], set_={"parallel_calls": count}
        )
        async with self._sessions.begin() as session:
            await session.execute(kept)
