"""What the child process does with a workbook: its sheet becomes a table, which is parsed like any file."""

from collections.abc import Iterator
from dataclasses import replace
from io import BufferedReader
from itertools import chain

from services.common.errors import DomainError
from services.files.errors import (
    FileFormulasNotCalculated,
    FileMalformed,
    FileNoColumns,
    FileNoDataRows,
    FileSheetNotFound,
    FileWorkbookTooLarge,
)
from services.files.parsing.confinement import confine
from services.files.parsing.form import Question, dump_workbook
from services.files.parsing.read_file import OtherwiseReadable, ReadFile
from services.files.reading.dialect import RequestedFormat
from services.files.reading.ends import ends_of
from services.files.reading.mending import candidates
from services.files.reading.reader import parse
from services.files.workbooks.book import Book, open_book
from services.files.workbooks.package import Package
from services.files.workbooks.table import Table
from services.files.workbooks.workbook import Opened, open_sheet, other_sheets

_ENCODING = "utf-8"
_DELIMITER = ","
#: Refusals that another sheet, or other rows of it, may mend.
_MENDABLE = (FileFormulasNotCalculated, FileMalformed, FileNoColumns, FileNoDataRows, FileSheetNotFound)
_MOST_SHEETS = 3


def read_workbook(source: BufferedReader, question: Question) -> Iterator[bytes]:
    """Return the parse and after it the table; raise what is wrong with the workbook.

    Raises OtherwiseReadable when other options may read it.
    """
    assert question.workbook is not None
    assert question.confinement is not None
    confine(question.confinement)
    requested = question.requested
    try:
        package = Package(source.read(), max_bytes=question.workbook.max_bytes)
        book, opened = open_book(package), None
        try:
            opened = open_sheet(package, book, question.workbook, requested.sheet)
            table = opened.table.below(requested.skip_rows)
            read = _parsed(opened, table, question)
        except _MENDABLE as refusal:
            if others := _others(package, book, question, refusal=refusal, opened=opened):
                raise OtherwiseReadable(refusal, others) from None
            raise
        size = sum(map(len, table.pieces()))
        return chain([dump_workbook(read, size)], table.pieces())
    except MemoryError:
        raise FileWorkbookTooLarge(limit=str(question.confinement.memory_bytes)) from None


def _others(
    package: Package, book: Book, question: Question, *, refusal: DomainError, opened: Opened | None
) -> tuple[RequestedFormat, ...]:
    """Return options that may read the workbook: other rows of the sheet first, then other sheets."""
    assert question.workbook is not None
    requested, found = question.requested, []
    if opened is not None:
        plain = replace(requested, encoding=_ENCODING, delimiter=_DELIMITER, skip_rows=0, sheet="")
        table = opened.table.below(requested.skip_rows)
        for each in candidates(ends_of(table.pieces()), plain, refusal):
            rows = requested.skip_rows + each.skip_rows
            found.append(replace(each, encoding="", delimiter="", skip_rows=rows, sheet=requested.sheet))
    read = requested.sheet or ("" if opened is None else opened.sheets[opened.number - 1].name)
    names = other_sheets(package, book, question.workbook, besides=read)[:_MOST_SHEETS]
    found += [RequestedFormat(sheet=name) for name in names]
    return tuple(each for each in dict.fromkeys(found) if each != requested)


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
