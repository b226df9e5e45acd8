"""The wrapped data keys of jobs, for the rotation of account keys."""

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from services.common.rewrap import Purpose, WrappedKey
from services.processor.job import JOB_KEY_GENERATION
from services.processor.models import JobRow

_NAME = "jobs/"


class WrappedKeyStore:
    """Every row with a wrapped key."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def outdated(
        self, account: str, *, prefix: bytes, after: WrappedKey | None, most: int
    ) -> Sequence[WrappedKey]:
        wanted = (
            select(JobRow.id, JobRow.wrapped_key)
            .where(
                JobRow.account == account,
                func.substring(JobRow.wrapped_key, 1, len(prefix)) != prefix,
                JobRow.id > (after.object.removeprefix(_NAME) if after else ""),
            )
            .order_by(JobRow.id)
            .limit(most)
        )
        async with self._sessions() as session:
            return [
                WrappedKey(Purpose.JOB, _NAME + id_, JOB_KEY_GENERATION, (), wrapped)
                for id_, wrapped in await session.execute(wanted)
            ]

    async def replace(self, account: str, old: WrappedKey, new: bytes) -> None:
        there = (JobRow.account == account) & (JobRow.id == old.object.removeprefix(_NAME))
        async with self._sessions.begin() as session:
            await session.execute(
                update(JobRow).where(there, JobRow.wrapped_key == old.wrapped).values(wrapped_key=new)
            )
