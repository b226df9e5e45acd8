"""Blank rows, empty in every column that the prompts use: they are not sent unless their owner wants that."""

from collections.abc import Collection, Sequence
from contextlib import aclosing

from services.processor.jobs.plan import Snapshot
from services.processor.outside import FileFacts, Proof, ReadsRows
from services.processor.templates.prompt import Prompt

#: Up to this many characters of cells, each row is looked at for whether it is blank. More make an estimate
#: of a large file slow; with fewer, the blank rows of most files are only reckoned.
MOST_BYTES = 16 * 1024 * 1024


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


async def count_blank(
    files: ReadsRows, file: FileFacts, sent: Collection[int], *, first: int, last: int, proof: Proof
) -> tuple[int, int]:
    """Return how many rows of a range are blank, and the row up to which that was counted."""
    blank = reached = size = 0
    read = files.rows(file.name, file.parse, first=first, count=last - first + 1, proof=proof)
    async with aclosing(read) as batches:
        async for batch in batches:
            blank += sum(is_blank(row.cells, sent) for row in batch)
            size += sum(len(cell) for row in batch for cell in row.cells)
            reached = batch[-1].number if batch else reached
            if size > MOST_BYTES:
                break
    return blank, reached


def constant_warnings(snapshot: Snapshot, prompts: Sequence[Prompt]) -> list[str]:
    """Return a sentence for each template whose prompt uses no column, so that each row sends the same."""
    return [
        f"The prompt of {step.template} uses no column, so every row sends the same"
        for step, prompt in zip(snapshot.steps, prompts, strict=True)
        if not prompt.used
    ]
