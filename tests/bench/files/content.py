"""CSVs of any size whose addresses and companies differ from row to row."""

import random
from collections.abc import Iterator

HEADER = b"First,Last,E-Mail,Company,City,Note\n"
_ROW = b"Ada,Lovelace,ada%d@example.com,Analytical Engines %d Ltd,London,%b\n"
_ROWS_AT_ONCE = 5000


def csv(rows: int, *, note: bytes) -> Iterator[bytes]:
    """Yield a CSV piece by piece; the same one for the same arguments."""
    dice = random.Random(rows)
    yield HEADER
    for begin in range(0, rows, _ROWS_AT_ONCE):
        count = min(_ROWS_AT_ONCE, rows - begin)
        yield b"".join(
            _ROW % (dice.randrange(10**9, 10**10), dice.randrange(10**5, 10**6), note) for _ in range(count)
        )


def size(rows: int, *, note: bytes) -> int:
    """Return the length of that CSV: numbers in it all have the same number of digits."""
    return len(HEADER) + rows * len(_ROW % (10**9, 10**5, note))
