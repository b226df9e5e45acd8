"""What a job will do, checked before anything is stored: rows, shards, prompts, output columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Self

from services.common.aside import go_on
from services.processor.jobs.errors import InvalidRowRange, OutputColumnClash
from services.processor.templates import schema
from services.processor.templates.errors import TemplateInvalid, UnknownVariable
from services.processor.templates.names import Columns, CustomValues
from services.processor.templates.prompt import Prompt, bind_prompt, parse_prompt
from services.processor.templates.prompt_settings import PromptSettings
from services.processor.templates.template import Template

#: Rows that one worker takes at a time, at most.
SHARD_ROWS = 500
#: Calls in flight of one shard, at most.
SHARD_CALLS = 100


@dataclass(frozen=True, slots=True)
class Step:
    """One template as it was when the job started."""

    template: str
    settings: PromptSettings

    @classmethod
    def of(cls, template: Template) -> Self:
        """Freeze a template; raise TemplateInvalid when its schema is no longer accepted."""
        json_schema = template.fields.settings.json_schema
        if json_schema:
            try:
                schema.check(json_schema)
            except schema.SchemaInvalid as error:
                raise TemplateInvalid(
                    f"The JSON schema of {template.fields.display_name} {error}",
                    violations=[("json_schema", str(error))],
                ) from None
        return cls(f"templates/{template.id}", template.fields.settings)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is frozen into a job: the file's columns, the steps, its key's endpoint, custom variables."""

    columns: tuple[str, ...]
    steps: tuple[Step, ...]
    base_url: str
    variables: tuple[tuple[str, str], ...] = ()
    #: Identical prompts are sent once at any temperature.
    identical_once: bool = False

    def prompts(self) -> tuple[Prompt, ...]:
        """Return each step's prompt, bound to the columns and the outputs of the steps before it.

        Raises UnknownVariable, AmbiguousVariable, PromptTooLarge or OutputColumnClash.
        """
        check_outputs(self.columns, self.steps)
        names, variables = Columns(self.columns), CustomValues(dict(self.variables))
        bound: list[Prompt] = []
        for step in self.steps:
            go_on()
            try:
                bound.append(
                    bind_prompt(
                        parse_prompt(step.settings.prompt),
                        names,
                        template=step.template,
                        variables=variables,
                    )
                )
            except UnknownVariable as error:
                check_order(self.steps, names, error.metadata["variable"])
                raise
            names.add(step.settings.columns)
        return tuple(bound)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the new columns."""
        return tuple(column for step in self.steps for column in step.settings.columns)


def check_order(steps: Sequence[Step], names: Columns, variable: str) -> None:
    """Raise UnknownVariable with better words when a step makes what another one before it wants."""
    if names.has(variable):
        return
    folded = _folded(variable)
    for step in steps:
        if folded in map(_folded, step.settings.columns):
            raise UnknownVariable(
                f"{{{{{variable}}}}} is used before {step.template} makes it: move that template up",
                variable=variable,
                template=step.template,
            )


def check_outputs(columns: Sequence[str], steps: Sequence[Step]) -> None:
    """Raise OutputColumnClash when an output has the name of a column or another output, but for case."""
    taken = {_folded(column) for column in columns}
    for step in steps:
        for column in step.settings.columns:
            name = _folded(column)
            if name in taken:
                raise OutputColumnClash(
                    f"Output column {column} has the name of another column",
                    column=column,
                    template=step.template,
                )
            taken.add(name)


def _folded(name: str) -> str:
    return name.strip().casefold()


def row_range(first: int, last: int, row_count: int) -> tuple[int, int]:
    """Return the first and last row that are meant, 0 being the file's own; raise InvalidRowRange."""
    first, last = first or 1, last or row_count
    if not 1 <= first <= last <= row_count:
        raise InvalidRowRange(first_row=str(first), last_row=str(last), row_count=str(row_count))
    return first, last


@dataclass(frozen=True, slots=True)
class Shards:
    """How a job is cut: shards of `rows` rows, and the calls that each shard in the window may have."""

    count: int
    rows: int
    calls: tuple[int, ...]

    @property
    def window(self) -> int:
        """Shards in flight at once."""
        return len(self.calls)


def cut(rows: int, parallel_calls: int) -> Shards:
    """Cut rows into shards so that the window stays full to the end, and share the calls out over it."""
    window = min(ceil(parallel_calls / SHARD_CALLS), rows)
    # A whole number of rounds: otherwise the last round leaves most of the window empty.
    rounds = ceil(rows / (SHARD_ROWS * window))
    size = ceil(rows / (rounds * window))
    count = ceil(rows / size)
    window = min(window, count)
    calls = tuple(
        parallel_calls // window + (1 if nth < parallel_calls % window else 0) for nth in range(window)
    )
    return Shards(count=count, rows=size, calls=calls)
