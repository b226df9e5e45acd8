"""What a file's owner says of its format, and which delimiter it has when nothing is said."""

import csv
import io
from dataclasses import dataclass
from itertools import islice

DELIMITERS = (",", ";", "\t", "|")
#: So much of a file's beginning decides about its format and delimiter.
SAMPLE_BYTES = 128 * 1024
_SAMPLE_ROWS = 200


@dataclass(frozen=True, slots=True)
class RequestedFormat:
    """What a person says of a file's format; what is empty is detected."""

    encoding: str = ""
    delimiter: str = ""


def delimiter_of(sample: str, *, whole: bool) -> str:
    """Return the delimiter under which most rows are as wide as the first; of equals, the widest.

    A delimiter that is not in the first row is none; without any the file has one column and the comma.
    """
    best, chosen = (0.0, 1), DELIMITERS[0]
    for delimiter in DELIMITERS:
        widths = _widths(sample, delimiter, whole=whole)
        if not widths or widths[0] < 2:
            continue
        score = (widths.count(widths[0]) / len(widths), widths[0])
        if score > best:
            best, chosen = score, delimiter
    return chosen


def _widths(sample: str, delimiter: str, *, whole: bool) -> list[int]:
    widths: list[int] = []
    lines = io.StringIO(sample, newline="")
    try:
        for row in islice(csv.reader(lines, delimiter=delimiter, strict=True), _SAMPLE_ROWS):
            if row:
                widths.append(len(row))
    except csv.Error:
        return widths
    # The last row of a part of a file may be cut.
    if not whole and len(widths) < _SAMPLE_ROWS:
        widths = widths[:-1]
    return widths
