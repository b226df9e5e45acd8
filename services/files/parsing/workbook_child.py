"""What the child process does with a workbook: its sheet becomes a table, which is parsed like any file."""

from collections.abc import Iterator
from dataclasses import replace
from io import BufferedReader
from itertools import chain

from services.common.errors import DomainError
from services.files.errors import FileWorkbookTooLarge
from services.files.parsing.confinement import confine
from services.files.parsing.form import Question, dump_workbook
from services.files.parsing.read_file import ReadFile
from services.files.reading.reader import parse
from services.files.workbooks.table import Table
from services.files.workbooks.workbook import Opened, open_workbook

_ENCODING = "utf-8"
_DELIMITER = ","


def read_workbook(source: BufferedReader, question: Question) -> Iterator[bytes]:
    """Return the parse and after it the table; raise what is wrong with the workbook."""
    assert question.workbook is not None
    assert question.confinement is not None
    confine(question.confinement)
    requested = question.requested
    try:
        opened = open_workbook(source.read(), question.workbook, requested.sheet)
        table = opened.table.below(requested.skip_rows)
        read = _parsed(opened, table, question)
        size = sum(map(len, table.pieces()))
        return chain([dump_workbook(read, size)], table.pieces())
    except MemoryError:
        raise FileWorkbookTooLarge(limit=str(question.confinement.memory_bytes)) from None


def _parsed(opened: Opened, table: Table, question: Question) -> ReadFile:
    requested = question.requested
    plain = replace(requested, encoding=_ENCODING, delimiter=_DELIMITER, skip_rows=0, sheet="")
    try:
        parsed = parse(table.pieces(), question.limits, plain)
    except DomainError as refusal:
        line = refusal.metadata.pop("line", "")
        if line:
            # People see rows of a sheet, not lines of the table.
            refusal.metadata["row"] = str(table.row_of_line(int(line)))
        raise
    dialect = replace(parsed.dialect, skip_rows=requested.skip_rows, sheet=opened.number)
    return ReadFile(replace(parsed, dialect=dialect), opened.sheets)
