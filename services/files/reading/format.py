"""The format that a person requests for a file, and the detection of the delimiter without a request."""

import csv
import io
from dataclasses import dataclass
from itertools import islice

DELIMITERS = (",", ";", "\t", "|")
#: The part of a file that decides about its format and delimiter. A longer one delays the first row; a
#: shorter one sees fewer rows, and guesses wrong more often.
SAMPLE_BYTES = 128 * 1024
_SAMPLE_ROWS = 200


@dataclass(frozen=True, slots=True)
class RequestedFormat:
    """A requested encoding and delimiter; an empty one is detected."""

    encoding: str = ""
    delimiter: str = ""


def delimiter_of(sample: str, *, whole: bool) -> str:
    """Return the delimiter with which the most rows are as wide as the first; of equals, the widest.

    Only delimiters in the first row count. Without any, the file has one column, and a comma is returned.
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
