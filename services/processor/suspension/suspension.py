"""Suspends an account's webhooks and jobs; each goes on once its owner confirms or resumes it."""

from collections.abc import Sequence
from typing import Protocol

from services.common.suspension import Suspended
from services.processor.jobs.job import AnnouncesJobs


class Store(Protocol):
    """Where webhooks and jobs are kept."""

    async def suspend(self, account: str, generation: int) -> tuple[Suspended, Sequence[str]]:
        """Suspend everything in one transaction; return the counts, and the jobs that this call paused."""
        ...


class AccountSuspension:
    """Suspends what acts for an account by itself."""

    def __init__(self, store: Store, changes: AnnouncesJobs) -> None:
        self._store = store
        self._changes = changes

    async def suspend_earlier(self, account: str, generation: int) -> Suspended:
        """Suspend what was made before a generation, once; return what that was.

        Rows in flight finish: a worker sees within half a second that its job is paused.
        """
        suspended, paused = await self._store.suspend(account, generation)
        for job in paused:
            self._changes.announce(job, urgent=True)
        return suspended
