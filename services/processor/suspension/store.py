"""SQL for the suspension of an account's webhooks and jobs."""

from collections.abc import Sequence

from sqlalchemy import delete, func, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from services.common.store.generations import lock_generation, set_generation
from services.common.suspension import Suspended
from services.processor.jobs.job import GOES_ON, State
from services.processor.models import (
    ACCOUNT_GENERATION,
    JobRow,
    WebhookDeliveryRow,
    WebhookGrantRow,
    WebhookRow,
)
from services.processor.webhooks.webhooks import UNCONFIRMED

_PAUSE_REASON = "ACCOUNT_SECURED"


class AccountSuspensionStore:
    """Suspends in one transaction; what is made at the same moment comes before it, or is refused."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def suspend(self, account: str, generation: int) -> tuple[Suspended, Sequence[str]]:
        """Suspend everything; return the counts, and the jobs that this call paused."""
        async with self._sessions.begin() as session:
            known = await lock_generation(session, ACCOUNT_GENERATION, account)
            if known is not None and known.generation >= generation:
                return known.suspended, ()
            # Webhooks first, so that none is told that its account's jobs were paused.
            webhooks = await _switch_off(session, account)
            jobs = await _pause(session, account)
            # A stranger may have been there when the grant was made.
            await session.execute(delete(WebhookGrantRow).where(WebhookGrantRow.account == account))
            suspended = Suspended(webhooks=webhooks, jobs=len(jobs))
            await set_generation(session, ACCOUNT_GENERATION, account, generation, suspended)
            return suspended, jobs


async def _switch_off(session: AsyncSession, account: str) -> int:
    """Switch webhooks off and end their messages. One that is off already keeps its reason."""
    off = (
        update(WebhookRow)
        .where(WebhookRow.account == account, WebhookRow.enabled)
        .values(enabled=False, disabled_reason=UNCONFIRMED, update_time=func.now())
        .returning(WebhookRow.id)
    )
    switched = len((await session.scalars(off)).all())
    await session.execute(
        update(WebhookDeliveryRow)
        .where(WebhookDeliveryRow.account == account, WebhookDeliveryRow.state == "PENDING")
        .values(state="FAILED", reason="WEBHOOK_DISABLED", next_attempt_time=None, end_time=func.now())
    )
    return switched


async def _pause(session: AsyncSession, account: str) -> Sequence[str]:
    """Pause what runs, and what would go on by itself; what its owner paused waits already."""
    goes_on = JobRow.state.in_([State.PENDING, State.RUNNING]) | (
        (JobRow.state == State.PAUSED) & (JobRow.pause_reason.in_(GOES_ON))
    )
    paused = (
        update(JobRow)
        .where(JobRow.account == account, goes_on)
        .values(state=State.PAUSED, pause_reason=_PAUSE_REASON, error_reason="", error_message="")
        .returning(JobRow.id)
    )
    return list(await session.scalars(paused))
