"""The wrapped data keys of jobs and wrapped secrets of webhooks, for the rotation of account keys."""

from collections.abc import Sequence

from sqlalchemy import func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from services.common.rewrap import Purpose, WrappedKey
from services.processor.jobs.job import JOB_KEY_GENERATION
from services.processor.models import JobRow, WebhookSecretRow

_JOBS = "jobs/"
_WEBHOOKS = "webhooks/"


class WrappedKeyStore:
    """Reads and replaces wrapped keys: first those of jobs, then those of webhooks."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def outdated(
        self, account: str, *, prefix: bytes, after: WrappedKey | None, most: int
    ) -> Sequence[WrappedKey]:
        async with self._sessions() as session:
            found: list[WrappedKey] = []
            if after is None or after.purpose is Purpose.JOB:
                last = after.object.removeprefix(_JOBS) if after else ""
                found = await _jobs(session, account, prefix=prefix, after=last, most=most)
                after = None
            if len(found) < most:
                rest = most - len(found)
                found += await _webhooks(session, account, prefix=prefix, after=after, most=rest)
        return found

    async def replace(self, account: str, old: WrappedKey, new: bytes) -> None:
        if old.purpose is Purpose.JOB:
            job = (JobRow.account == account) & (JobRow.id == old.object.removeprefix(_JOBS))
            same = JobRow.wrapped_key == old.wrapped
            change = update(JobRow).where(job, same).values(wrapped_key=new)
        else:
            secret = (
                (WebhookSecretRow.account == account)
                & (WebhookSecretRow.webhook == old.object.removeprefix(_WEBHOOKS))
                & (WebhookSecretRow.generation == old.generation)
            )
            same = WebhookSecretRow.wrapped_secret == old.wrapped
            change = update(WebhookSecretRow).where(secret, same).values(wrapped_secret=new)
        async with self._sessions.begin() as session:
            await session.execute(change)


async def _jobs(
    session: AsyncSession, account: str, *, prefix: bytes, after: str, most: int
) -> list[WrappedKey]:
    wanted = (
        select(JobRow.id, JobRow.wrapped_key)
        .where(
            JobRow.account == account,
            func.substring(JobRow.wrapped_key, 1, len(prefix)) != prefix,
            JobRow.id > after,
        )
        .order_by(JobRow.id)
        .limit(most)
    )
    return [
        WrappedKey(Purpose.JOB, _JOBS + id_, JOB_KEY_GENERATION, (), wrapped)
        for id_, wrapped in await session.execute(wanted)
    ]


async def _webhooks(
    session: AsyncSession, account: str, *, prefix: bytes, after: WrappedKey | None, most: int
) -> list[WrappedKey]:
    row = WebhookSecretRow
    last = (after.object.removeprefix(_WEBHOOKS), after.generation) if after else ("", 0)
    wanted = (
        select(row.webhook, row.generation, row.wrapped_secret)
        .where(
            row.account == account,
            func.substring(row.wrapped_secret, 1, len(prefix)) != prefix,
            tuple_(row.webhook, row.generation) > tuple_(*last),
        )
        .order_by(row.webhook, row.generation)
        .limit(most)
    )
    return [
        WrappedKey(Purpose.WEBHOOK, _WEBHOOKS + id_, generation, (), wrapped)
        for id_, generation, wrapped in await session.execute(wanted)
    ]
