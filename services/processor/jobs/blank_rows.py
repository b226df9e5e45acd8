"""Blank rows, empty in every column that the prompts use: they are not sent unless their owner wants that."""

from collections.abc import Collection, Sequence

from services.processor.jobs.plan import Snapshot
from services.processor.templates.prompt import Prompt


def sent_columns(snapshot: Snapshot, prompts: Sequence[Prompt]) -> tuple[int, ...]:
    """Return the columns of the file that any of the prompts sends; `prompts` are the snapshot's."""
    used = {column for prompt in prompts for column, _ in prompt.used}
    return tuple(sorted(column for column in used if column < len(snapshot.columns)))


def is_blank(cells: Sequence[str], sent: Collection[int]) -> bool:
    """Whether nothing but white space would be sent of a row.

    Where prompts use no column, no row is blank: each sends what its owner wrote. A cell that says that it is
    empty, such as `#N/A` or `-`, is not, because only the owner knows that.
    """
    return bool(sent) and all(not cells[column] or cells[column].isspace() for column in sent)


def constant_warnings(snapshot: Snapshot, prompts: Sequence[Prompt]) -> list[str]:
    """Return a sentence for each template whose prompt uses no column, so that each row sends the same."""
    return [
        f"The prompt of {step.template} uses no column, so every row sends the same"
        for step, prompt in zip(snapshot.steps, prompts, strict=True)
        if not prompt.used
    ]
