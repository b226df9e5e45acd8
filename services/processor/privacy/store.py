"""All jobs of an account, for its export and its erasure."""

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from services.processor.jobs.job import LIVE, State
from services.processor.models import JobRow
from services.processor.privacy.part import SealedJob


class AccountJobStore:
    """Finds and stops an account's jobs."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def sealed(self, account: str, *, after: str) -> SealedJob | None:
        """Return the next job in the order of ids; None after the last one."""
        wanted = (
            select(
                JobRow.id,
                JobRow.first_row,
                JobRow.last_row,
                JobRow.wrapped_key,
                JobRow.snapshot,
                JobRow.error_said,
            )
            .where(JobRow.account == account, JobRow.id > after)
            .order_by(JobRow.id)
            .limit(1)
        )
        async with self._sessions() as session:
            row = (await session.execute(wanted)).one_or_none()
        return None if row is None else SealedJob(*row)

    async def stop(self, account: str) -> list[str]:
        """End every job that has not ended; return their ids."""
        ending = (
            update(JobRow)
            .where(JobRow.account == account, JobRow.state.in_(LIVE))
            .values(state=State.CANCELLED, end_time=func.now(), pause_reason="NOT_PAUSED")
            .returning(JobRow.id)
        )
        async with self._sessions.begin() as session:
            return list(await session.scalars(ending))
