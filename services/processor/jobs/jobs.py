"""Jobs of people: what may start, and what their owners may ask of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import orjson

from services.common.errors import DomainError
from services.common.identity import Passport
from services.common.logs import describe, log
from services.common.paging import Position
from services.common.store.idempotency import digest
from services.processor.jobs import plan
from services.processor.jobs.confidence import used_columns
from services.processor.jobs.errors import NoTemplates, PriceUnknown, TooManyJobs
from services.processor.jobs.grants import release_budget
from services.processor.jobs.job import Job
from services.processor.jobs.plan import Shards, Snapshot, Step
from services.processor.jobs.seal import JobSeal
from services.processor.outside import DataKey, FileFacts, GrantScope, KeyFacts, MintedGrant, Proof, as_person
from services.processor.templates import schema
from services.processor.templates.errors import TemplateInvalid
from services.processor.templates.templates import Template
from services.processor.usage.meter import UsageMeter, nanos_of
from services.processor.usage.prices import facts_of


@dataclass(frozen=True, slots=True)
class Wish:
    """What the owner asks for; 0 and empty mean the file's ends, the default, the active key."""

    file: str
    templates: tuple[str, ...]
    first_row: int
    last_row: int
    parallel_calls: int
    api_key: str
    #: US dollars as a decimal number; empty is no limit.
    max_cost: str = ""
    identical_once: bool = False


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job that is ready to start."""

    id: str
    account: str
    file: str
    parse: int
    templates: tuple[str, ...]
    first_row: int
    last_row: int
    parallel_calls: int
    api_key: str
    wrapped_key: bytes
    snapshot: bytes
    grant_token: str
    grant_id: str
    grant_expire_time: datetime
    create_time: datetime
    shards: Shards
    max_cost_nanos: int
    priced: bool


class JobStore(Protocol):
    """Where jobs are kept."""

    async def made_before(self, account: str, key: str, content: bytes) -> str | None: ...
    async def live(self, account: str) -> int: ...
    async def add(self, job: NewJob, key: str, content: bytes) -> str: ...
    async def get(self, account: str, id_: str) -> Job: ...
    async def page(self, account: str, after: Position | None, count: int) -> list[Job]: ...
    async def cancel(self, account: str, id_: str, now: datetime) -> bool: ...


class TemplateStore(Protocol):
    """Where templates are kept."""

    async def get_many(self, account: str, ids: list[str]) -> list[Template]: ...


class VariableStore(Protocol):
    """Where custom variables are kept."""

    async def all(self, account: str) -> dict[str, str]: ...


class Files(Protocol):
    """Who knows files."""

    async def facts(self, file: str, proof: Proof) -> FileFacts: ...


class Vault(Protocol):
    """Who knows keys."""

    async def describe_key(self, name: str, proof: Proof) -> KeyFacts: ...
    async def create_data_key(self, job: str, proof: Proof) -> DataKey: ...
    async def revoke_grant(self, grant_id: str, account: str) -> None: ...


class Auth(Protocol):
    """Who gives leave to go on without the owner."""

    async def mint_grant(self, scope: GrantScope, proof: Proof) -> MintedGrant: ...


class Changes(Protocol):
    """Who is told that a job changed."""

    def announce(self, job: str, *, urgent: bool = False) -> None: ...


class Usual(Protocol):
    """Who knows how many calls in flight a job of an account gets."""

    async def calls_of(self, account: str, wanted: int) -> int:
        """Return how many, for 0 the usual; raise InvalidRequest for too many."""
        ...


class Jobs:
    """Starts, finds and cancels jobs."""

    def __init__(
        self,
        store: JobStore,
        templates: TemplateStore,
        *,
        variables: VariableStore,
        files: Files,
        vault: Vault,
        auth: Auth,
        changes: Changes,
        usual: Usual,
        most_live: int,
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
        self._changes = changes
        self._usual = usual
        self._most_live = most_live
        self._meter = meter
        self._new_id = new_id
        self._now = now

    async def create(self, person: Passport, wish: Wish, key: str) -> Job:
        """Check a wish in full, freeze it, and put its first rows into the queue."""
        if not wish.templates:
            raise NoTemplates
        content = digest(orjson.dumps(wish))
        if made := await self._store.made_before(person.account, key, content):
            return await self._store.get(person.account, made)
        if await self._store.live(person.account) >= self._most_live:
            raise TooManyJobs
        job = await self._prepare(person, wish)
        id_ = await self._store.add(job, key, content)
        if id_ != job.id:
            # Somebody with the same key was faster: this grant will never be used.
            await self._revoke(job.grant_id, person.account)
        self._changes.announce(id_, urgent=True)
        return await self._store.get(person.account, id_)

    async def _prepare(self, person: Passport, wish: Wish) -> NewJob:
        proof = as_person(person)
        calls = await self._usual.calls_of(person.account, wish.parallel_calls)
        ids = [name.removeprefix("templates/") for name in wish.templates]
        chosen = await self._templates.get_many(person.account, ids)
        file = await self._files.facts(wish.file, proof)
        first, last = plan.row_range(wish.first_row, wish.last_row, file.row_count)
        variables = await self._variables.all(person.account)
        steps = tuple(step_of(each) for each in chosen)
        draft = Snapshot(
            file.columns,
            steps,
            base_url="",
            variables=tuple(variables.items()),
            identical_once=wish.identical_once,
        )
        # Unknown variables and columns, and clashes, are found here, before anything is stored or paid for.
        used_columns(draft)
        priced = all(facts_of(step.model).input_price is not None for step in steps)
        if wish.max_cost and not priced:
            raise PriceUnknown
        await self._meter.check(person.account, (last - first + 1) * len(steps))
        api_key = await self._vault.describe_key(wish.api_key, proof)
        snapshot = replace(draft, base_url=api_key.base_url)
        rows, id_ = last - first + 1, self._new_id()
        name = f"jobs/{id_}"
        data_key = await self._vault.create_data_key(name, proof)
        grant = await self._auth.mint_grant(
            GrantScope(
                job=name,
                file=file.name,
                parse=file.parse,
                api_key=api_key.name,
                first_row=first,
                last_row=last,
                template_count=len(chosen),
                release_budget=release_budget(rows, len(chosen)),
            ),
            proof,
        )
        return NewJob(
            id=id_,
            account=person.account,
            file=file.name,
            parse=file.parse,
            templates=wish.templates,
            first_row=first,
            last_row=last,
            parallel_calls=calls,
            api_key=api_key.name,
            wrapped_key=data_key.wrapped,
            snapshot=JobSeal(data_key.key, person.account, name).seal_snapshot(snapshot),
            grant_token=grant.token,
            grant_id=grant.id,
            grant_expire_time=grant.expire_time,
            create_time=self._now(),
            shards=plan.cut(rows, calls),
            max_cost_nanos=nanos_of(wish.max_cost),
            priced=priced,
        )

    async def get(self, person: Passport, id_: str) -> Job:
        """Return a job; raise JobNotFound."""
        return await self._store.get(person.account, id_)

    async def page(self, person: Passport, after: Position | None, count: int) -> list[Job]:
        """Return the person's jobs, newest first."""
        return await self._store.page(person.account, after, count)

    async def cancel(self, person: Passport, id_: str) -> Job:
        """End a job for good, keeping what it has; raise JobNotFound or JobFinished."""
        cancelled_now = await self._store.cancel(person.account, id_, self._now())
        job = await self._store.get(person.account, id_)
        if cancelled_now:
            self._changes.announce(id_, urgent=True)
            await self._revoke(job.grant_id, person.account)
        return job

    async def _revoke(self, grant_id: str, account: str) -> None:
        try:
            await self._vault.revoke_grant(grant_id, account)
        except DomainError as error:
            # The state in Postgres stops the workers; the grant ends by itself.
            log.warning("grant.not_revoked", grant=grant_id, **describe(error))


def step_of(template: Template) -> Step:
    """Return a template as a job freezes it; raise TemplateInvalid when its schema is no longer accepted."""
    fields = template.fields
    if fields.json_schema:
        try:
            schema.check(fields.json_schema)
        except schema.SchemaInvalid as error:
            raise TemplateInvalid(
                f"The JSON schema of {fields.display_name} {error}", violations=[("json_schema", str(error))]
            ) from None
    return Step(
        template=f"templates/{template.id}",
        prompt=fields.prompt,
        output_column=fields.output_column,
        model=fields.model,
        temperature=fields.temperature,
        max_tokens=fields.max_tokens,
        character_limit=fields.character_limit,
        word_limit=fields.word_limit,
        forbidden_words=fields.forbidden_words,
        reference_columns=fields.reference_columns,
        json_schema=fields.json_schema,
    )
