"""Trying templates on a few rows before a job is paid for: real calls, each step's words shown."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol, Self

from services.common.aside import aside
from services.common.errors import InvalidRequest
from services.common.identity import Passport
from services.common.paging import PAGE_BYTES
from services.processor.jobs.confidence import confidence
from services.processor.jobs.errors import InvalidRowRange, NoTemplates
from services.processor.jobs.grants import end_grant, release_budget
from services.processor.jobs.plan import Snapshot, Step
from services.processor.outside import (
    DescribesApiKeys,
    DescribesFiles,
    GrantScope,
    MintsGrants,
    ReadsRows,
    RevokesGrants,
    as_person,
    by_grant,
)
from services.processor.rows.loop import Prepared
from services.processor.templates.called import by_their_names
from services.processor.templates.mock_names import MOST_MOCKS
from services.processor.templates.template import FindsTemplates, Template, TemplateFields, check
from services.processor.templates.variables import ReadsVariables, values_for
from services.processor.trials.mock_values import mocks
from services.processor.trials.template_calls import Callers, TestCalls, TestedRow, fit

#: Characters of variables that a test makes up by itself and then lists.
_MOST_MADE_UP = 256 * 1024
#: A person waits for a test for about this long; then it ends with what is there.
TEST_SECONDS = 45.0
#: With a key that gives its provider more time, it ends after that and these seconds, but not later than
#: this.
_BEYOND_SECONDS, LONGEST_TEST_SECONDS = 5.0, 240.0

#: When a template was saved that is not saved.
_NEVER = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class TestRequest:
    """Which templates to try, on which rows."""

    templates: tuple[str, ...]
    file: str
    first_row: int
    row_count: int
    mock_values: Mapping[str, str]
    api_key: str
    #: A template that is not saved and runs last; None for none.
    draft: TemplateFields | None = None


@dataclass(frozen=True, slots=True)
class Tested:
    """What a test gave, and the variables that it filled by itself."""

    rows: list[TestedRow]
    mocked: Mapping[str, str]


class Files(DescribesFiles, ReadsRows, Protocol):
    """What a test asks of files."""


class Vault(DescribesApiKeys, RevokesGrants, Protocol):
    """What a test asks of the vault."""


class TemplateTests:
    """Runs tests."""

    def __init__(
        self,
        templates: FindsTemplates,
        variables: ReadsVariables,
        *,
        files: Files,
        vault: Vault,
        auth: MintsGrants,
        callers: Callers,
    ) -> None:
        self._templates = templates
        self._variables = variables
        self._files = files
        self._vault = vault
        self._auth = auth
        self._callers = callers

    async def test(self, person: Passport, request: TestRequest) -> Tested:
        """Call the model for each template and row; what fails stands at its step."""
        if not request.templates and request.draft is None:
            raise NoTemplates
        if len(request.mock_values) > MOST_MOCKS:
            raise InvalidRequest(violations=[("mock_values", f"must be at most {MOST_MOCKS}")])
        proof = as_person(person)
        ids = [name.removeprefix("templates/") for name in request.templates]
        chosen = await self._templates.get_many(person.account, ids)
        if request.draft is not None:
            chosen.append(await self._draft(person, request.draft))
        file = await self._files.facts(request.file, proof)
        first = request.first_row or 1
        last = min(first + (request.row_count or 1) - 1, file.row_count)
        if first > file.row_count:
            raise InvalidRowRange(first_row=str(first), row_count=str(file.row_count))
        prompts = [each.fields.settings.prompt for each in chosen]
        variables = await values_for(self._variables, person.account, prompts)
        # Clashes and unknown columns are found here, before anything is paid for.
        with by_their_names(chosen):
            trial = await aside(
                lambda: _Trial.of(chosen, file.columns, variables=variables, given=request.mock_values),
                account=person.account,
            )
        steps = trial.prepared.snapshot.steps
        await self._callers.meter.check_room(person.account, (last - first + 1) * len(steps))
        key = await self._vault.describe_key(request.api_key, proof)
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
        work = TestCalls(
            trial.prepared, key.name, account=person.account, grant=grant.token, callers=self._callers
        )
        rows: list[TestedRow] = []
        running: list[asyncio.Task[None]] = []
        try:
            async with asyncio.timeout(test_seconds(key.timeout_seconds)):
                batches = self._files.rows(
                    file.name, file.parse, first=first, count=last - first + 1, proof=proof
                )
                begun = [
                    (each.number, [*each.cells, *trial.cells]) async for batch in batches for each in batch
                ]
                with by_their_names(chosen):
                    for _, values in begun:
                        trial.check_sizes(values)
                for number, values in begun:
                    row = TestedRow(number, confidence(values, trial.used))
                    rows.append(row)
                    running.append(asyncio.ensure_future(work.run_row(row, values)))
                await asyncio.gather(*running)
        except TimeoutError:
            work.time_is_over(rows)
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            models = {step.template: step.settings.model for step in steps}
            await self._callers.meter.count_uses(
                person.account,
                [
                    (models[step.template], step.input_tokens, step.output_tokens, step.is_estimated)
                    for row in rows
                    for step in row.steps
                    if step.outputs or step.input_tokens
                ],
            )
            await end_grant(self._vault, grant.id, by_grant(grant.token))
        await aside(lambda: fit(rows, PAGE_BYTES), account=person.account)
        return Tested(rows, trial.mocked)

    async def _draft(self, person: Passport, draft: TemplateFields) -> Template:
        """Return a template that is not saved; raise TemplateInvalid. It needs no name or category yet."""
        named = replace(draft, display_name=draft.display_name or "Draft", category=draft.category or "Draft")
        checked = await aside(lambda: check(named), account=person.account)
        return Template("", person.account, checked, create_time=_NEVER, update_time=_NEVER)


def test_seconds(timeout_seconds: int) -> float:
    """Return how long a test may take with a key whose calls may take so long; 0 means the usual time."""
    return min(max(TEST_SECONDS, timeout_seconds + _BEYOND_SECONDS), LONGEST_TEST_SECONDS)


@dataclass(frozen=True, slots=True)
class _Trial:
    """Templates made ready for a test: what is made up for them, and the cells that come after the file's."""

    prepared: Prepared
    mocked: Mapping[str, str]
    cells: tuple[str, ...]
    used: tuple[int, ...]

    @classmethod
    def of(
        cls,
        chosen: Sequence[Template],
        columns: tuple[str, ...],
        *,
        variables: Mapping[str, str],
        given: Mapping[str, str],
    ) -> Self:
        steps = tuple(Step.of(each) for each in chosen)
        mocked = mocks(steps, columns, variables=variables, given=given)
        if sum(len(name) + len(value) for name, value in mocked.items()) > _MOST_MADE_UP:
            raise InvalidRequest(violations=[("templates", "use too many variables that nothing fills")])
        custom = {**variables, **{name[1:]: value for name, value in mocked.items() if name[0] == "$"}}
        cells = {name: value for name, value in mocked.items() if name[0] != "$"}
        prepared = Prepared.of(Snapshot((*columns, *cells), steps, "", tuple(custom.items())))
        used = tuple(column for column in prepared.used if column < len(columns))
        return cls(prepared, mocked, tuple(cells.values()), used)

    def check_sizes(self, values: Sequence[str]) -> None:
        """Raise PromptTooLarge for a row of which it is known before its first call."""
        for step, prompt in zip(self.prepared.snapshot.steps, self.prepared.prompts, strict=True):
            prompt.check_size(values, template=step.template)
