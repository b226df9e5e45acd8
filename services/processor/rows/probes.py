"""Tries what jobs wait for, a provider or our own services, and lets the jobs go on when it answers."""

import asyncio
from typing import Protocol

from services.common.aside import aside
from services.common.database import FAILURES
from services.common.errors import DomainError
from services.common.logs import describe, log
from services.processor.jobs.job import AnnouncesJobs
from services.processor.jobs.plan import Snapshot
from services.processor.jobs.seal import open_seal
from services.processor.jobs.store.probes import Waiting
from services.processor.opened_grants import OpenedGrants
from services.processor.outside import ChecksFiles, OpensDataKeys, by_grant
from services.processor.rows.endings import Again, ending_of

#: How often a worker looks for a provider to try. Shorter costs the database more; longer delays the return.
_LOOK_SECONDS = 2.0


class Jobs(Protocol):
    """Jobs that wait for their provider."""

    async def take(self) -> Waiting | None: ...


class Control(Protocol):
    """Lets jobs go on."""

    async def go_on_after_outage(self, account: str, job: str) -> bool: ...


class Provider(Protocol):
    """Knows whether an endpoint is there."""

    async def is_there(self, base_url: str) -> bool: ...


class Probes:
    """Tries one provider at a time: without a key, so that nothing is released, charged or counted."""

    def __init__(
        self,
        jobs: Jobs,
        control: Control,
        *,
        vault: OpensDataKeys,
        grants: OpenedGrants,
        provider: Provider,
        files: ChecksFiles,
        announcements: AnnouncesJobs,
    ) -> None:
        self._jobs = jobs
        self._control = control
        self._vault = vault
        self._grants = grants
        self._provider = provider
        self._files = files
        self._announcements = announcements

    async def run(self) -> None:
        """Try what is due, until cancelled."""
        while True:
            try:
                while waiting := await self._jobs.take():
                    await self._try(waiting)
            except (*FAILURES, DomainError) as error:
                # What was taken is due again later, for any worker.
                log.warning("probe.failed", **describe(error))
            await asyncio.sleep(_LOOK_SECONDS)

    async def _try(self, waiting: Waiting) -> None:
        """Try what jobs with the same API key wait for; let them all go on if it answers."""
        if waiting.pause_reason == "SERVICE_DOWN":
            is_there = await self._are_services_there(waiting)
        else:
            is_there = await self._provider.is_there((await self._snapshot(waiting)).base_url)
        if not is_there:
            return
        for job in waiting.jobs:
            if await self._control.go_on_after_outage(waiting.account, job):
                log.info("job.went_on", job=job)
                self._announcements.announce(job, urgent=True)

    async def _are_services_there(self, job: Waiting) -> bool:
        """Whether the vault opens the job's data, and files answers for its file.

        What they refuse for good, a worker meets as well once the job goes on, and says so.
        """
        try:
            await self._snapshot(job)
            grant = await self._grants.open(job.sealed_grant, older=job.grant)
            await self._files.check(job.file, by_grant(grant))
        except DomainError as error:
            return not isinstance(ending_of(error), Again)
        return True

    async def _snapshot(self, job: Waiting) -> Snapshot:
        grant = await self._grants.open(job.sealed_grant, older=job.grant)
        seal = await open_seal(
            self._vault,
            account=job.account,
            job=f"jobs/{job.job}",
            wrapped_key=job.wrapped_key,
            proof=by_grant(grant),
        )
        return await aside(lambda: seal.open_snapshot(job.snapshot), account=job.account)
