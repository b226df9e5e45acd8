"""Trying templates on a few rows before a job is paid for: real calls, each step's words shown."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.common.errors import InvalidRequest
from services.common.identity import Passport
from services.processor.answers import flags
from services.processor.answers.checks import AnswerChecks
from services.processor.jobs import plan
from services.processor.jobs.confidence import confidence, used_columns
from services.processor.jobs.errors import InvalidRowRange, NoTemplates
from services.processor.jobs.grants import release_budget
from services.processor.jobs.jobs import step_of
from services.processor.jobs.plan import Snapshot, Step
from services.processor.outside import FileFacts, GrantScope, KeyFacts, MintedGrant, Proof, Rows, as_person
from services.processor.provider.failures import Failure, Verdict
from services.processor.provider.parks import place
from services.processor.rows.calls import Called, Calls, Ended, Keys, Limiter, Provider
from services.processor.rows.endings import Again, Ending, Fail, Pause
from services.processor.rows.requests import RefusedParameters
from services.processor.templates import prompt as template
from services.processor.templates.templates import Template
from services.processor.usage.meter import UsageMeter

MOST_ROWS = 10
MOST_MOCKS = 100
#: Whoever waits for a test has the patience for this; then it ends with what is there.
TEST_SECONDS = 45.0
_NOT_IN_TIME = Failure(Verdict.ROW_FAILS, "TEST_TIMED_OUT", "The test ended before this step did")


@dataclass(frozen=True, slots=True)
class TestWish:
    """What shall be tried."""

    templates: tuple[str, ...]
    file: str
    first_row: int
    row_count: int
    mock_values: Mapping[str, str]
    api_key: str


@dataclass(slots=True)
class TestedStep:
    """One step of one row; `failure` says why it has no outputs, if it was begun."""

    template: str
    prompt: str = ""
    outputs: tuple[tuple[str, str], ...] = ()
    flags: tuple[str, ...] = ()
    failure: Failure | None = None
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(slots=True)
class TestedRow:
    """One row of a test."""

    number: int
    confidence: int
    steps: list[TestedStep] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Tested:
    """What a test gave, and the variables that it filled by itself."""

    rows: list[TestedRow]
    mocked: Mapping[str, str]


class TemplateStore(Protocol):
    """Where templates are kept."""

    async def get_many(self, account: str, ids: list[str]) -> list[Template]: ...


class VariableStore(Protocol):
    """Where custom variables are kept."""

    async def all(self, account: str) -> dict[str, str]: ...


class Files(Protocol):
    """Who knows files and their rows."""

    async def facts(self, file: str, proof: Proof) -> FileFacts: ...
    def rows(self, file: str, parse: int, *, first: int, count: int, proof: Proof) -> AsyncIterator[Rows]: ...


class Vault(Protocol):
    """Who knows keys and ends grants."""

    async def describe_key(self, name: str, proof: Proof) -> KeyFacts: ...
    async def revoke_grant(self, grant_id: str, account: str) -> None: ...


class Auth(Protocol):
    """Who gives leave to use a key."""

    async def mint_grant(self, scope: GrantScope, proof: Proof) -> MintedGrant: ...


@dataclass(frozen=True, slots=True)
class Callers:
    """What is needed to call a provider."""

    keys: Keys
    provider: Provider
    limiter: Limiter
    refused: RefusedParameters
    meter: UsageMeter


class TemplateTests:
    """Runs tests."""

    def __init__(
        self,
        templates: TemplateStore,
        variables: VariableStore,
        *,
        files: Files,
        vault: Vault,
        auth: Auth,
        callers: Callers,
    ) -> None:
        self._templates = templates
        self._variables = variables
        self._files = files
        self._vault = vault
        self._auth = auth
        self._callers = callers

    async def run(self, person: Passport, wish: TestWish) -> Tested:
        """Call the model for each template and row; what fails stands at its step."""
        if not wish.templates:
            raise NoTemplates
        if len(wish.mock_values) > MOST_MOCKS:
            raise InvalidRequest(violations=[("mock_values", f"must be at most {MOST_MOCKS}")])
        proof = as_person(person)
        ids = [name.removeprefix("templates/") for name in wish.templates]
        chosen = await self._templates.get_many(person.account, ids)
        file = await self._files.facts(wish.file, proof)
        first = wish.first_row or 1
        last = min(first + (wish.row_count or 1) - 1, file.row_count)
        if first > file.row_count:
            raise InvalidRowRange(first_row=str(first), row_count=str(file.row_count))
        steps = tuple(step_of(each) for each in chosen)
        variables = await self._variables.all(person.account)
        mocked = mocks(steps, file.columns, variables=variables, given=wish.mock_values)
        custom = variables | {name[1:]: value for name, value in mocked.items() if name.startswith("$")}
        cells = {name: value for name, value in mocked.items() if not name.startswith("$")}
        snapshot = Snapshot((*file.columns, *cells), steps, "", tuple(custom.items()))
        # Clashes and unknown columns are found here, before anything is paid for.
        used = [place for place in used_columns(snapshot) if place < len(file.columns)]
        await self._callers.meter.check(person.account, (last - first + 1) * len(steps))
        key = await self._vault.describe_key(wish.api_key, proof)
        grant = await self._auth.mint_grant(
            GrantScope(
                job="",
                file=file.name,
                parse=file.parse,
                api_key=key.name,
                first_row=first,
                last_row=last,
                template_count=len(steps),
                release_budget=release_budget(last - first + 1, len(steps)),
                purpose="TEMPLATE_TEST",
            ),
            proof,
        )
        work = _Test(snapshot, key.name, grant=grant.token, callers=self._callers)
        rows: list[TestedRow] = []
        running: list[asyncio.Task[None]] = []
        try:
            async with asyncio.timeout(TEST_SECONDS):
                batches = self._files.rows(
                    file.name, file.parse, first=first, count=last - first + 1, proof=proof
                )
                async for batch in batches:
                    for each in batch:
                        row = TestedRow(each.number, confidence(each.cells, used))
                        rows.append(row)
                        values = [*each.cells, *cells.values()]
                        running.append(asyncio.ensure_future(work.run(row, values)))
                await asyncio.gather(*running)
        except TimeoutError:
            work.time_is_over(rows)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            models = {step.template: step.model for step in steps}
            await self._callers.meter.count(
                person.account,
                [
                    (models[step.template], step.input_tokens, step.output_tokens)
                    for row in rows
                    for step in row.steps
                    if step.outputs or step.input_tokens
                ],
            )
            await self._vault.revoke_grant(grant.id, person.account)
        return Tested(rows, mocked)


class _Test:
    """The calls of one test."""

    def __init__(self, snapshot: Snapshot, api_key: str, *, grant: str, callers: Callers) -> None:
        self._steps = snapshot.steps
        self._prompts = snapshot.prompts()
        self._checks = [AnswerChecks(*each) for each in zip(self._steps, self._prompts, strict=True)]
        self._places = [place(api_key, step.model) for step in self._steps]
        self._ended = Ended()
        self._calls = Calls(
            keys=callers.keys,
            provider=callers.provider,
            limiter=callers.limiter,
            refused=callers.refused,
            ended=self._ended,
            grant=grant,
            claim=0,
            dice=random.random,
        )

    async def run(self, row: TestedRow, values: list[str]) -> None:
        """Run a row's steps until one fails."""
        for position, step in enumerate(self._steps):
            tested = TestedStep(step.template, self._prompts[position].render(values))
            row.steps.append(tested)
            called = await self._calls.call(
                row.number, position, step=step, place=self._places[position], prompt=tested.prompt
            )
            tested.input_tokens, tested.output_tokens = called.input_tokens, called.output_tokens
            if called.texts is None:
                tested.failure = _why(called, self._ended.ending)
                return
            texts, bits = self._checks[position].check(called.texts, values)
            tested.outputs = tuple(zip(step.columns, texts, strict=True))
            tested.flags = flags.names(bits)
            values += texts

    def time_is_over(self, rows: Sequence[TestedRow]) -> None:
        """Say of the steps that are under way that they did not end."""
        for row in rows:
            if row.steps and not row.steps[-1].outputs and row.steps[-1].failure is None:
                row.steps[-1].failure = _NOT_IN_TIME


def _why(called: Called, ending: Ending | None) -> Failure:
    if called.failure is not None:
        return called.failure
    match ending:
        case Pause(_, reason, message) | Fail(reason, message):
            return Failure(Verdict.JOB_PAUSES, reason, message)
        case Again():
            return Failure(
                Verdict.RATE, "PROVIDER_RATE_LIMITED", "The provider wants to be left alone longer"
            )
        case _:
            return _NOT_IN_TIME


def mocks(
    steps: Sequence[Step],
    columns: Sequence[str],
    *,
    variables: Mapping[str, str],
    given: Mapping[str, str],
) -> dict[str, str]:
    """Return a value for every variable that neither the file, the account nor an earlier step fills.

    Given values are taken first, by their name in any case; custom variables keep their dollar sign.
    """
    known = {name.strip().casefold(): value for name, value in given.items()}
    found: dict[str, str] = {}
    names = list(columns)
    for step in steps:
        for part in template.parse(step.prompt):
            if isinstance(part, template.Variable) and not template.is_known(part.name, names, variables):
                folded = part.name.casefold()
                if folded not in {name.casefold() for name in found}:
                    found[part.name] = known.get(folded, f"Sample {part.name.removeprefix('$')}")
        names += step.columns
    # What a later step makes cannot be made up for an earlier one: the order is wrong.
    made = {column.strip().casefold() for step in steps for column in step.columns}
    if clash := [name for name in found if name.casefold() in made]:
        plan.check_order(steps, columns, clash[0])
    return found
