"""What owners can do to an existing job: pause it, resume it, send rows again, remove it."""

from dataclasses import dataclass, replace
from typing import Protocol

from services.common.errors import DomainError
from services.common.identity import Passport
from services.processor.jobs.economy import NotAnEconomyJob
from services.processor.jobs.errors import InvalidRowRange, JobNotCompleted, JobNotPaused, PriceUnknown
from services.processor.jobs.file_deleted import FILE_DELETED, FILE_DELETED_MESSAGE, FILE_GONE
from services.processor.jobs.grants import end_grant, release_budget, renew_if_possible
from services.processor.jobs.job import AnnouncesJobs, FindsJobs, Job, State
from services.processor.outside import (
    DescribesApiKeys,
    DescribesFiles,
    GrantScope,
    MintedGrant,
    MintsGrants,
    Proof,
    RenewsWebhookGrants,
    RevokesGrants,
    as_person,
)
from services.processor.usage.meter import UsageMeter, budget_nanos


@dataclass(frozen=True, slots=True)
class NewGrant:
    """What a job needs to continue: a new grant, and the API key that it is for."""

    api_key: str
    minted: MintedGrant
    #: A new budget in billionths of a US dollar; None keeps the old one.
    max_cost_nanos: int | None = None
    #: Whether an economy job makes no further batches.
    ends_economy: bool = False


class ControlStore(Protocol):
    """Where changes to a job's state are stored."""

    async def close(self, account: str, job: str) -> None: ...
    async def remove(self, account: str, job: str) -> None: ...
    async def pause(self, account: str, job: str) -> bool: ...
    async def resume(self, person: Passport, job: str, grant: NewGrant) -> bool: ...
    async def fail(self, account: str, job: str, *, reason: str, message: str) -> None: ...
    async def retry_failed(self, person: Passport, job: str, grant: NewGrant) -> None: ...
    async def regenerate(self, person: Passport, job: str, row: int, grant: NewGrant) -> None: ...


class Files(DescribesFiles, Protocol):
    """What job control needs from files."""

    async def delete_results(self, job: str, proof: Proof) -> None: ...


class Vault(DescribesApiKeys, RevokesGrants, Protocol):
    """What job control needs from the vault."""


class JobControl:
    """Pauses, resumes, reopens and removes jobs."""

    def __init__(
        self,
        jobs: FindsJobs,
        store: ControlStore,
        *,
        files: Files,
        vault: Vault,
        auth: MintsGrants,
        webhook_grants: RenewsWebhookGrants,
        changes: AnnouncesJobs,
        meter: UsageMeter,
    ) -> None:
        self._jobs = jobs
        self._store = store
        self._files = files
        self._vault = vault
        self._auth = auth
        self._webhook_grants = webhook_grants
        self._changes = changes
        self._meter = meter

    async def pause(self, person: Passport, id_: str) -> Job:
        """Pause a job; raise JobNotFound or JobFinished."""
        await renew_if_possible(self._webhook_grants, person)
        if await self._store.pause(person.account, id_):
            self._changes.announce(id_, urgent=True)
        return await self._jobs.get(person.account, id_)

    async def remove(self, person: Passport, id_: str) -> None:
        """Remove a job that has ended, with everything it holds; raise JobNotFound or JobNotEnded.

        A process that dies on the way leaves an ended job behind, which can be removed again.
        """
        await self._store.close(person.account, id_)
        await self._files.delete_results(f"jobs/{id_}", as_person(person))
        await self._store.remove(person.account, id_)

    async def resume(
        self, person: Passport, id_: str, *, api_key: str, max_cost: str = "", end_economy: bool = False
    ) -> Job:
        """Resume a paused job; raise JobNotFound, JobNotPaused, or the error of a missing file or API key.

        With `end_economy`, the rows that are left go in no further batch; raises NotAnEconomyJob.
        """
        job, key = await self._found(person, id_, api_key)
        if job.state is not State.PAUSED:
            raise JobNotPaused
        if max_cost and not job.priced:
            raise PriceUnknown
        if end_economy and not job.economy:
            raise NotAnEconomyJob
        # If the account's plan is used up, the job would be paused again at once.
        await self._meter.check_room(person.account, 1)
        try:
            grant = await self._new_grant(person, job, key, rows=job.total - job.done)
        except DomainError as error:
            if error.reason == FILE_GONE:
                # It would wait for a file that never comes back.
                await self._store.fail(person.account, id_, reason=FILE_DELETED, message=FILE_DELETED_MESSAGE)
                self._changes.announce(id_, urgent=True)
            raise
        if max_cost:
            grant = replace(grant, max_cost_nanos=budget_nanos(max_cost))
        grant = replace(grant, ends_economy=end_economy)
        try:
            unheld = await self._store.resume(person, id_, grant)
        except DomainError:
            await end_grant(self._vault, grant.minted.id, as_person(person))
            raise
        if unheld:
            # A worker that still holds the old grant uses it to the end of its shard.
            await end_grant(self._vault, job.grant_id, as_person(person))
        self._changes.announce(id_, urgent=True)
        return await self._jobs.get(person.account, id_)

    async def retry_failed(self, person: Passport, id_: str, *, api_key: str) -> Job:
        """Send a job's failed rows again; raise JobNotFound, JobNotCompleted or NoFailedRows."""
        job, key = await self._found(person, id_, api_key)
        if job.state is not State.COMPLETED:
            raise JobNotCompleted
        await self._meter.check_room(person.account, job.failed * len(job.templates))
        grant = await self._new_grant(person, job, key, rows=job.failed)
        try:
            await self._store.retry_failed(person, id_, grant)
        except DomainError:
            await end_grant(self._vault, grant.minted.id, as_person(person))
            raise
        self._changes.announce(id_, urgent=True)
        return await self._jobs.get(person.account, id_)

    async def regenerate(self, person: Passport, id_: str, row: int, *, api_key: str) -> Job:
        """Send one row of a job again; raise JobNotFound, JobNotCompleted or InvalidRowRange."""
        job, key = await self._found(person, id_, api_key)
        if job.state is not State.COMPLETED:
            raise JobNotCompleted
        if not job.first_row <= row <= job.last_row:
            raise InvalidRowRange(first_row=str(row), last_row=str(row))
        await self._meter.check_room(person.account, len(job.templates))
        grant = await self._new_grant(person, job, key, rows=1)
        try:
            await self._store.regenerate(person, id_, row, grant)
        except DomainError:
            await end_grant(self._vault, grant.minted.id, as_person(person))
            raise
        self._changes.announce(id_, urgent=True)
        return await self._jobs.get(person.account, id_)

    async def _found(self, person: Passport, id_: str, api_key: str) -> tuple[Job, str]:
        """Return a job and the name of the API key to continue with, which must exist."""
        job = await self._jobs.get(person.account, id_)
        if api_key:
            api_key = (await self._vault.describe_key(api_key, as_person(person))).name
        return job, api_key

    async def _new_grant(self, person: Passport, job: Job, api_key: str, *, rows: int) -> NewGrant:
        """Return a new grant for `rows` of a job's rows; the file and the API key must still exist."""
        proof = as_person(person)
        await self._files.facts(job.file, proof)
        key = await self._vault.describe_key(api_key or job.api_key, proof)
        await self._webhook_grants.renew(person)
        minted = await self._auth.mint_grant(
            GrantScope(
                job=f"jobs/{job.id}",
                file=job.file,
                parse=job.parse,
                api_key=key.name,
                first_row=job.first_row,
                last_row=job.last_row,
                template_count=len(job.templates),
                release_budget=release_budget(max(1, rows), len(job.templates), economy=bool(job.economy)),
                economy=bool(job.economy),
            ),
            proof,
        )
        return NewGrant(key.name, minted)
