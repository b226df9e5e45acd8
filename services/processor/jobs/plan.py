"""What a job will do: rows, shards, prompts, output columns. It is checked before anything is stored."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Self

from services.common.aside import go_on
from services.common.texts.column_names import column_key
from services.processor.jobs.economy import BATCH_ROWS
from services.processor.jobs.errors import InvalidRowRange, OutputColumnClash
from services.processor.outside import Dialect
from services.processor.templates import schema
from services.processor.templates.errors import TemplateInvalid, UnknownVariable
from services.processor.templates.names import Columns, CustomValues
from services.processor.templates.prompt import Prompt, bind_prompt, parse_prompt
from services.processor.templates.prompt_settings import PromptSettings
from services.processor.templates.template import Template

#: The most rows that a worker takes at a time. Smaller shards cost more claims and queue entries per row;
#: larger ones make other accounts wait longer for their turn, and a takeover reads more rows again.
SHARD_ROWS = 500
#: The most calls in flight of one shard. A job with more calls has several shards in work, so that they can
#: be spread over workers. Too small, and a job needs more places than workers have; too large, and one worker
#: carries a whole job while others idle.
SHARD_CALLS = 100


@dataclass(frozen=True, slots=True)
class Step:
    """One template as it was when the job started."""

    template: str
    settings: PromptSettings

    @classmethod
    def of(cls, template: Template) -> Self:
        """Freeze a template; raise TemplateInvalid if its schema is no longer accepted."""
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
    """What is frozen into a job: the file's columns, the steps, the API key's base URL, custom variables."""

    columns: tuple[str, ...]
    steps: tuple[Step, ...]
    base_url: str
    variables: tuple[tuple[str, str], ...] = ()
    #: Identical prompts are sent once at any temperature.
    identical_once: bool = False
    #: Rows whose used columns are blank are not sent.
    skips_blank_rows: bool = False
    #: How the file is written, for its results; it is kept here because the file may be deleted.
    dialect: Dialect = field(default_factory=Dialect)

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
    """Raise UnknownVariable with a better message if a later step fills the variable."""
    if names.has(variable):
        return
    folded = _folded(variable)
    for step in steps:
        if folded in map(_folded, step.settings.columns):
            raise UnknownVariable(
                f"{{{{{variable}}}}} is used before {step.template} fills it; move that template up",
                variable=variable,
                template=step.template,
            )


def check_outputs(columns: Sequence[str], steps: Sequence[Step]) -> None:
    """Raise OutputColumnClash if an output has the name of a column or another output, ignoring case."""
    taken = {_folded(column) for column in columns}
    for step in steps:
        for column in step.settings.columns:
            name = _folded(column)
            if name in taken:
                raise OutputColumnClash(
                    f"Output column {column} has the same name as another column; rename one of them",
                    column=column,
                    template=step.template,
                )
            taken.add(name)


def _folded(name: str) -> str:
    return column_key(name).casefold()


def row_range(first: int | None, last: int | None, row_count: int) -> tuple[int, int]:
    """Return the first and last row of a job; None stands for the file's own. Raises InvalidRowRange."""
    first, last = 1 if first is None else first, row_count if last is None else last
    if not 1 <= first <= last <= row_count:
        raise InvalidRowRange(first_row=str(first), last_row=str(last), row_count=str(row_count))
    return first, last


@dataclass(frozen=True, slots=True)
class Shards:
    """How a job is cut: shards of `rows` rows, and how many calls each shard in the window gets."""

    count: int
    rows: int
    calls: tuple[int, ...]

    @property
    def window(self) -> int:
        """How many shards are in work at once."""
        return len(self.calls)


def cut_for(rows: int, parallel_calls: int, economy: str) -> Shards:
    """Cut rows into shards for a job; those of an economy job are batches, and all of them go at once.

    A day for each batch is too long to send one after the other. Calls are for what the batches leave.
    """
    if not economy:
        return cut(rows, parallel_calls)
    count = ceil(rows / BATCH_ROWS)
    calls = tuple(
        max(1, parallel_calls // count + (1 if nth < parallel_calls % count else 0))
        for nth in range(min(count, max(1, parallel_calls)))
    )
    return Shards(count=count, rows=ceil(rows / count), calls=calls)


def cut(rows: int, parallel_calls: int) -> Shards:
    """Cut rows into shards so that the window stays full to the end, and divide the calls among them."""
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
