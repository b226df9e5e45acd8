"""Options that may make a refused file readable: guesses, to be tried before anybody is told of them."""

from collections import Counter
from dataclasses import replace

from services.common.errors import DomainError
from services.files.errors import FileEncoding, FileMalformed, FileNoColumns
from services.files.reading.dialect import NO_DELIMITER, NUMBER, RequestedFormat
from services.files.reading.encodings import WINDOWS_1252
from services.files.reading.ends import Ends, Row, Seen, rows_in, seen
from services.files.reading.format import DELIMITERS
from services.files.reading.guess import guess
from services.files.reading.header import SAME_NAME
from services.files.reading.text import utf_16_without_mark

#: Refusals that other options may mend.
MENDABLE = (FileEncoding, FileMalformed, FileNoColumns)
_MOST_SKIPPED = 1000
#: What begins in the last part of the rows that are seen may be a footer; above it, rows are data.
_FOOTER_SHARE = 4


def candidates(ends: Ends, options: RequestedFormat, refusal: DomainError) -> list[RequestedFormat]:
    """Return options to try after these were refused, the likeliest first."""
    if isinstance(refusal, FileEncoding):
        return _encodings(ends, options)
    found = []
    if refusal.metadata.get("problem") == SAME_NAME:
        found.append(replace(options, duplicate_names=NUMBER))
    if options.delimiter:
        found.append(replace(options, delimiter=""))
    view = seen(ends, options)
    if view is not None:
        found += _skipped_before(view, options)
        found += _skipped_after(view, options)
        found += _other_delimiters(view, options)
    return found


def one_column(ends: Ends, options: RequestedFormat) -> list[RequestedFormat]:
    """Return the option that makes each line a cell, if the first line is only that."""
    view = seen(ends, options)
    if view is None or options.delimiter:
        return []
    first = rows_in(view.begun.text, view.begun.delimiter, view.begun.row_end)[:1]
    name = first[0].cells if first else []
    single = len(name) == 1 and name[0].strip() and not any(sign in name[0] for sign in DELIMITERS)
    return [replace(options, delimiter=NO_DELIMITER)] if single else []


def _encodings(ends: Ends, options: RequestedFormat) -> list[RequestedFormat]:
    if wide := utf_16_without_mark(ends.head):
        return [replace(options, encoding=wide)] if wide != options.encoding else []
    likely = ["", WINDOWS_1252] if options.encoding else [WINDOWS_1252]
    likely.append(guess(ends.head if not ends.head.isascii() else ends.tail))
    return [replace(options, encoding=name) for name in dict.fromkeys(likely) if name != options.encoding]


def _skipped_before(view: Seen, options: RequestedFormat) -> list[RequestedFormat]:
    """Return the options that make the header the first row of the table that most rows are part of."""
    begun, best = view.begun, (0, 0, 0)
    for delimiter in (options.delimiter,) if options.delimiter else DELIMITERS:
        rows = rows_in(begun.text, delimiter, begun.row_end)
        start = _table_start(rows)
        if start is not None:
            width = len(rows[start].cells)
            alike = sum(1 for row in rows[start:] if len(row.cells) == width)
            best = max(best, (alike, width, rows[start].lines_before))
    skipped = options.skip_rows + best[2]
    return [replace(options, skip_rows=skipped)] if best[2] and skipped <= _MOST_SKIPPED else []


def _table_start(rows: list[Row]) -> int | None:
    """Return the first row of the commonest width that has as many filled cells as any after it."""
    widths = Counter(len(row.cells) for row in rows if len(row.cells) > 1)
    if not widths:
        return None
    width, count = widths.most_common(1)[0]
    if count < 2:
        return None
    fullest = max(row.filled for row in rows if len(row.cells) == width)
    table = [place for place, row in enumerate(rows) if len(row.cells) == width]
    return next(place for place in table if rows[place].filled == fullest or rows[place].filled == width)


def _skipped_after(view: Seen, options: RequestedFormat) -> list[RequestedFormat]:
    """Return the options that leave out the rows after the last one of the table's width."""
    begun = view.begun
    head = rows_in(begun.text, begun.delimiter, begun.row_end)[:1]
    rows = rows_in(view.tail, begun.delimiter, begun.row_end)
    # In one column, nothing tells notes from values.
    if not head or len(head[0].cells) < 2:
        return []
    while rows and not rows[-1].cells:
        rows.pop()
    width = len(head[0].cells)
    counts = [next((n for n, row in enumerate(reversed(rows)) if len(row.cells) == width), 0)]
    # A footer may have rows of the table's width itself: it begins at the first row that has another.
    first = next((at for at, row in enumerate(rows) if len(row.cells) != width), len(rows))
    footer = len(rows) - first
    if footer <= len(rows) // _FOOTER_SHARE:
        counts.append(footer)
    return [
        replace(options, skip_last_rows=count)
        for count in dict.fromkeys(counts)
        if options.skip_last_rows < count <= _MOST_SKIPPED
    ]


def _other_delimiters(view: Seen, options: RequestedFormat) -> list[RequestedFormat]:
    """Return the other delimiters that split the header, in the order in which they are usual."""
    begun = view.begun
    others = [delimiter for delimiter in DELIMITERS if delimiter not in (begun.delimiter, options.delimiter)]
    heads = {delimiter: rows_in(begun.text, delimiter, begun.row_end)[:1] for delimiter in others}
    return [
        replace(options, delimiter=delimiter)
        for delimiter, head in heads.items()
        if head and len(head[0].cells) > 1
    ]
