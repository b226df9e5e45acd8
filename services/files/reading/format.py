"""What the first bytes of a file show: delimiter, line end, quoting, and lines before the header."""

import csv
import io
import re
from dataclasses import dataclass
from itertools import islice

from services.files.errors import FileMalformed, FileNoDataRows
from services.files.reading.batches import split
from services.files.reading.dialect import CR_CR_LF, RequestedFormat, separator_of

DELIMITERS = (",", ";", "\t", "|")
#: The part of a file that decides about its format and delimiter. A longer one delays the first row; a
#: shorter one sees fewer rows, and guesses wrong more often.
SAMPLE_BYTES = 128 * 1024
_SAMPLE_ROWS = 200
#: The characters that decide whether all cells are quoted.
_QUOTING_SAMPLE = 8 * 1024
# By this line some programs are told the delimiter; by itself it is no data.
_SEPARATOR_LINE = re.compile(
    r'[ \t]*"?sep=([^\r\n]?)"?[ \t]*(?:\r\r\n|\r\n|\n|\r|\Z)', re.IGNORECASE | re.ASCII
)


@dataclass(frozen=True, slots=True)
class Beginning:
    """The first text of a file from its header on, what came before, and the format that it shows."""

    text: str
    #: The text before the header: a line `sep=`, and lines that are skipped.
    before: str
    delimiter: str
    #: CR_CR_LF where only that ends a row; empty where LF, CR LF and CR do.
    row_end: str
    quoting: str
    separator_line: bool

    @property
    def lines_before(self) -> int:
        """How many lines come before the header."""
        return len(split(self.before, self.row_end))


def beginning_of(sample: str, requested: RequestedFormat, *, whole: bool) -> Beginning:
    """Return where the header begins and the format; raise when the lines to skip are more than there are."""
    told = _SEPARATOR_LINE.match(sample)
    delimiter = told[1] if told else ""
    if told and delimiter not in ("", *DELIMITERS):
        # Not a delimiter that could be meant, so the line is an ordinary one.
        told, delimiter = None, ""
    begin = told.end() if told else 0
    row_end = CR_CR_LF if _ends_in_cr_cr_lf(sample[begin:], whole=whole) else ""
    begin += _skipped(sample[begin:], requested.skip_rows, row_end, whole=whole)
    text = sample[begin:]
    delimiter = requested.delimiter or delimiter or delimiter_of(text, whole=whole)
    return Beginning(
        text,
        sample[:begin],
        delimiter,
        row_end=row_end,
        quoting=_quoting(text, separator_of(delimiter)),
        separator_line=told is not None,
    )


def delimiter_of(sample: str, *, whole: bool) -> str:
    """Return the delimiter with which the most rows are as wide as the first; of equals, the widest.

    Only delimiters in the first row count. Without any, the file has one column, and a comma is returned.
    """
    best, chosen = (0.0, 1), DELIMITERS[0]
    for delimiter in DELIMITERS:
        widths = widths_of(sample, delimiter, whole=whole)
        if not widths or widths[0] < 2:
            continue
        score = (widths.count(widths[0]) / len(widths), widths[0])
        if score > best:
            best, chosen = score, delimiter
    return chosen


def widths_of(sample: str, delimiter: str, *, whole: bool) -> list[int]:
    """Return how many cells the first rows have, without empty lines, as far as they can be read."""
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


def _skipped(text: str, count: int, row_end: str, *, whole: bool) -> int:
    """Return how many characters the first lines have."""
    if not count:
        return 0
    lines = split(text, row_end)
    # The last line of a part of a file may be cut, even between CR and LF.
    if len(lines) <= count and not whole:
        raise FileMalformed(line="1", problem="the rows to skip are too long", limit=str(SAMPLE_BYTES))
    if len(lines) < count:
        raise FileNoDataRows
    return sum(map(len, lines[:count]))


def _ends_in_cr_cr_lf(sample: str, *, whole: bool) -> bool:
    """Tell whether CR CR LF ends every row, so that it is a line end and not two."""
    if CR_CR_LF not in sample:
        return False
    sample = sample if whole else sample.rstrip("\r")
    if '"' not in sample:
        bare = sample.replace(CR_CR_LF, "")
        return "\r" not in bare and "\n" not in bare
    # The delimiter is not known yet: where a quoted cell ends depends on it.
    return any(_has_no_other_end(sample, delimiter) for delimiter in DELIMITERS)


def _has_no_other_end(sample: str, delimiter: str) -> bool:
    try:
        # With these lines, another line end is an error unless it is inside quotes.
        for _ in csv.reader(split(sample, CR_CR_LF), delimiter=delimiter, strict=True):
            pass
    except csv.Error as error:
        return "end of data" in str(error)
    return True


def _quoting(text: str, separator: str) -> str:
    sample = text[:_QUOTING_SAMPLE]
    cells = re.match(rf'(?:"(?:[^"]|"")*+"(?:{re.escape(separator)}|[\r\n]++|\Z))++', sample)
    rest = sample[cells.end() :] if cells else sample
    # The last cell of the sample may be cut, and even its closing quote may be.
    quoted = cells is not None and (not rest or (len(text) > len(sample) and rest[0] == '"'))
    return "all" if quoted else "minimal"
