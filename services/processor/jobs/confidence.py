"""Confidence: how complete a row's input was, which says nothing about its output."""

from collections.abc import Collection, Sequence

from services.processor.jobs.plan import Snapshot
from services.processor.templates.names import Columns
from services.processor.templates.prompt import Prompt


def used_columns(snapshot: Snapshot, prompts: Sequence[Prompt]) -> tuple[int, ...]:
    """Return the columns of the file that count: a template's reference columns, else those it uses.

    `prompts` are the snapshot's.
    """
    used: set[int] = set()
    columns = Columns(snapshot.columns)
    for step, prompt in zip(snapshot.steps, prompts, strict=True):
        if step.settings.reference_columns:
            used.update(columns.find(name, step.template) for name in step.settings.reference_columns)
        else:
            used.update(column for column, _ in prompt.used)
    return tuple(sorted(column for column in used if column < len(snapshot.columns)))


def confidence(cells: Sequence[str], used: Collection[int]) -> int:
    """Return the share of the used cells that are filled, 0 to 100; 100 when none is used."""
    if not used:
        return 100
    filled = sum(1 for column in used if cells[column].strip())
    # Halves are rounded up.
    return (200 * filled + len(used)) // (2 * len(used))
