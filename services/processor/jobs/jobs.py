"""An owner's jobs: which may start, and how they are found, listed and cancelled."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import orjson

from services.common.aside import aside
from services.common.errors import DomainError, InvalidRequest
from services.common.identity import Passport
from services.common.lines import is_line
from services.common.paging import Position
from services.common.store.idempotency import digest
from services.processor.jobs import plan
from services.processor.jobs.blank_rows import count_blank, sent_columns
from services.processor.jobs.confidence import used_columns
from services.processor.jobs.economy import EconomyNotPossible
from services.processor.jobs.errors import NoTemplates, PriceUnknown
from services.processor.jobs.filter import JobFilter
from services.processor.jobs.grants import end_grant, release_budget, renew_if_possible
from services.processor.jobs.job import AnnouncesJobs, FindsJobs, Job, ShownStep
from services.processor.jobs.new_job import JobRequest, MostJobs, NewJob
from services.processor.jobs.plan import Snapshot, Step
from services.processor.jobs.seal import JobSeal, open_seal
from services.processor.outside import (
    DataKey,
    DescribesApiKeys,
    DescribesFiles,
    FileFacts,
    GrantScope,
    MintsGrants,
    OpensDataKeys,
    Proof,
    ReadsRows,
    RenewsWebhookGrants,
    RevokesGrants,
    as_person,
)
from services.processor.templates.called import by_their_names
from services.processor.templates.template import FindsTemplates
from services.processor.templates.variables import ReadsVariables, values_for
from services.processor.usage.meter import UsageLimit, UsageMeter, budget_nanos
from services.processor.usage.prices import facts_of


class JobStore(FindsJobs, Protocol):
    """Where jobs are kept."""

    async def made_before(self, account: str, key: str, content: bytes) -> str | None: ...
    async def check_room(self, account: str, most: MostJobs) -> None: ...
    async def add(
        self, person: Passport, job: NewJob, key: str, content: bytes, *, most: MostJobs
    ) -> str: ...
    async def page(
        self, account: str, after: Position | None, count: int, *, wanted: JobFilter
    ) -> list[Job]: ...
    async def cancel(self, account: str, id_: str, now: datetime) -> bool: ...


class Vault(DescribesApiKeys, RevokesGrants, OpensDataKeys, Protocol):
    """What a new job needs from the vault."""

    async def create_data_key(self, job: str, proof: Proof) -> DataKey: ...


class Files(DescribesFiles, ReadsRows, Protocol):
    """What a new job needs from files."""


class Usual(Protocol):
    """Knows how many calls in flight a job of an account gets."""

    async def calls_of(self, account: str, wanted: int) -> int:
        """Return `wanted`, or the account's default if it is 0; raise InvalidRequest if too many."""
        ...


class Jobs:
    """Starts, finds and cancels jobs."""

    def __init__(
        self,
        store: JobStore,
        templates: FindsTemplates,
        *,
        variables: ReadsVariables,
        files: Files,
        vault: Vault,
        auth: MintsGrants,
        webhook_grants: RenewsWebhookGrants,
        changes: AnnouncesJobs,
        usual: Usual,
        most: MostJobs,
        meter: UsageMeter,
        new_id: Callable[[], str],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._templates = templates
        self._variables = variables
        self._files = files
        self._vault = vault
        self._auth = auth
        self._webhook_grants = webhook_grants
        self._changes = changes
        self._usual = usual
        self._most = most
        self._meter = meter
        self._new_id = new_id
        self._now = now

    async def create(self, person: Passport, request: JobRequest, key: str) -> Job:
        """Check the whole request, freeze it into a job, and queue its first shards.

        Raises JobLimit or StoredJobLimit, and what is wrong with the request.
        """
        if not request.templates:
            raise NoTemplates
        if request.economy and request.identical_once:
            raise EconomyNotPossible
        if not is_line(request.display_name):
            raise InvalidRequest(violations=[("display_name", "must be one line")])
        content = digest(orjson.dumps(request))
        if made := await self._store.made_before(person.account, key, content):
            return await self._store.get(person.account, made)
        await self._store.check_room(person.account, self._most)
        job = await self._prepare(person, request)
        try:
            id_ = await self._store.add(person, job, key, content, most=self._most)
        except DomainError:
            await end_grant(self._vault, job.grant_id, as_person(person))
            raise
        if id_ != job.id:
            # Another request with the same Idempotency-Key was faster, so this grant will never be used.
            await end_grant(self._vault, job.grant_id, as_person(person))
        self._changes.announce(id_, urgent=True)
        return await self._store.get(person.account, id_)

    async def _prepare(self, person: Passport, request: JobRequest) -> NewJob:
        proof = as_person(person)
        calls = await self._usual.calls_of(person.account, request.parallel_calls)
        ids = [name.removeprefix("templates/") for name in request.templates]
        chosen = await self._templates.get_many(person.account, ids)
        file = await self._files.facts(request.file, proof)
        first, last = plan.row_range(request.first_row, request.last_row, file.row_count)
        variables = await values_for(
            self._variables, person.account, [each.fields.settings.prompt for each in chosen]
        )

        def checked() -> tuple[Snapshot, tuple[int, ...]]:
            draft = Snapshot(
                file.columns,
                tuple(Step.of(each) for each in chosen),
                base_url="",
                variables=tuple(variables.items()),
                identical_once=request.identical_once,
                skips_blank_rows=not request.send_blank_rows,
                dialect=file.dialect,
            )
            prompts = draft.prompts()
            used_columns(draft, prompts)
            return draft, sent_columns(draft, prompts) if draft.skips_blank_rows else ()

        # This finds unknown variables and columns, and name clashes, before anything is stored or paid for.
        with by_their_names(chosen):
            draft, needed = await aside(checked, account=person.account)
        steps = draft.steps
        unpriced = [
            step.settings.model for step in steps if facts_of(step.settings.model).input_price is None
        ]
        if request.max_cost and unpriced:
            raise PriceUnknown(model=unpriced[0])
        await self._check_room(person, file, draft, needed=needed, first=first, last=last)
        api_key = await self._vault.describe_key(request.api_key, proof)
        snapshot = replace(draft, base_url=api_key.base_url)
        rows, id_ = last - first + 1, self._new_id()
        name = f"jobs/{id_}"
        data_key = await self._vault.create_data_key(name, proof)
        await self._webhook_grants.renew(person)
        grant = await self._auth.mint_grant(
            GrantScope(
                job=name,
                file=file.name,
                parse=file.parse,
                api_key=api_key.name,
                first_row=first,
                last_row=last,
                template_count=len(chosen),
                release_budget=release_budget(rows, len(chosen), economy=bool(request.economy)),
                economy=bool(request.economy),
            ),
            proof,
        )
        seal = JobSeal(data_key.key, person.account, name)
        sealed = await aside(lambda: seal.seal_snapshot(snapshot), account=person.account)
        return NewJob(
            id=id_,
            account=person.account,
            file=file.name,
            parse=file.parse,
            templates=request.templates,
            first_row=first,
            last_row=last,
            parallel_calls=calls,
            api_key=api_key.name,
            wrapped_key=data_key.wrapped,
            snapshot=sealed,
            sealed_grant=grant.sealed,
            grant_id=grant.id,
            grant_expire_time=grant.expire_time,
            create_time=self._now(),
            shards=plan.cut_for(rows, calls, request.economy),
            max_cost_nanos=budget_nanos(request.max_cost),
            priced=not unpriced,
            file_name=file.display_name,
            steps=tuple(
                ShownStep(
                    step.template,
                    template.fields.display_name,
                    step.settings.model,
                    step.settings.columns,
                )
                for step, template in zip(steps, chosen, strict=True)
            ),
            economy=request.economy,
            display_name=request.display_name,
        )

    async def _check_room(
        self,
        person: Passport,
        file: FileFacts,
        draft: Snapshot,
        *,
        needed: Sequence[int],
        first: int,
        last: int,
    ) -> None:
        """Raise UsageLimit if the plan has no room for the rows that are sent."""
        rows, each = last - first + 1, len(draft.steps)
        try:
            await self._meter.check_room(person.account, rows * each)
        except UsageLimit:
            # Only now is it worth reading the file, of which many rows may be blank.
            if not needed:
                raise
            blank, _ = await count_blank(
                self._files, file, needed, first=first, last=last, proof=as_person(person)
            )
            await self._meter.check_room(person.account, (rows - blank) * each)

    async def get(self, person: Passport, id_: str) -> Job:
        """Return a job; raise JobNotFound."""
        return await self._store.get(person.account, id_)

    async def provider_words(self, person: Passport, job: Job) -> str:
        """Return what the provider said of a job as a whole; raise DATA_KEY_INVALID."""
        seal = await open_seal(
            self._vault,
            account=job.account,
            job=f"jobs/{job.id}",
            wrapped_key=job.wrapped_key,
            proof=as_person(person),
        )
        return seal.open_words(job.error_said)

    async def page(
        self, person: Passport, wanted: JobFilter, after: Position | None, count: int
    ) -> list[Job]:
        """Return the person's jobs that a filter lets through, newest first."""
        return await self._store.page(person.account, after, count, wanted=wanted)

    async def cancel(self, person: Passport, id_: str) -> Job:
        """End a job for good and keep its results; raise JobNotFound or JobFinished."""
        await renew_if_possible(self._webhook_grants, person)
        cancelled_now = await self._store.cancel(person.account, id_, self._now())
        job = await self._store.get(person.account, id_)
        if cancelled_now:
            self._changes.announce(id_, urgent=True)
            if not job.economy:
                # The batches of an economy job are cancelled under its grant, which ends after that.
                await end_grant(self._vault, job.grant_id, as_person(person))
        return job
