"""Leaves the last rows of a file out, without holding more of it than that."""

from collections import deque
from collections.abc import Iterable, Iterator

from services.files.errors import FileMalformed
from services.files.reading.batch import Batch

#: Rows that may wait until it is known whether they are among the last. More take more memory; a file with
#: fewer empty lines than this between its rows is always read.
_MOST_HELD = 200_000


def without_last(batches: Iterable[Batch], count: int) -> Iterator[Batch]:
    """Yield the rows of all batches but the last `count`; empty lines at the very end do not count."""
    if not count:
        yield from batches
        return
    held: deque[Batch] = deque()
    for batch in batches:
        held.append(batch)
        while len(held) > 1 and _rows(held, after=1) >= count:
            yield held.popleft()
        if sum(map(len, held)) > _MOST_HELD + count:
            raise FileMalformed(line=str(batch.first_line), problem="too many empty lines follow each other")
    keep = _rows(held) - count
    for batch in held:
        if keep <= 0:
            return
        yield batch if keep >= len(batch) else batch.head(keep)
        keep -= len(batch)


def _rows(held: Iterable[Batch], *, after: int = 0) -> int:
    """Return how many rows the batches have after the first few, without the empty lines at the end."""
    rows = trailing = 0
    for place, batch in enumerate(held):
        if place < after:
            continue
        widths = batch.rows.widths()
        filled = next((at for at in range(len(widths), 0, -1) if widths[at - 1]), 0)
        rows += len(widths)
        trailing = len(widths) - filled + (0 if filled else trailing)
    return rows - trailing
