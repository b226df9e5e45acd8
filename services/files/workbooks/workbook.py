"""A workbook as a table: which sheets it has, and the chosen one's rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from unicodedata import normalize

from services.common.errors import DomainError
from services.files.errors import FileNoDataRows, FileSheetNotFound
from services.files.workbooks.book import Book, Sheet, open_book
from services.files.workbooks.cells import Cells
from services.files.workbooks.exact_rows import Row
from services.files.workbooks.package import Package
from services.files.workbooks.sheet import rows
from services.files.workbooks.table import Table, TableLimits, table_of

_MOST_NAMES = 20


@dataclass(frozen=True, slots=True)
class WorkbookLimits:
    """The most bytes that a workbook unpacks to, and the most columns; the limits of the table it becomes."""

    max_bytes: int
    max_columns: int
    table: TableLimits


@dataclass(frozen=True, slots=True)
class SheetInfo:
    """A sheet's name, its rows below the first that has a value, and whether Excel hides it.

    Rows are counted up to one above the limit of a file. A sheet that cannot be read has 0.
    """

    name: str
    row_count: int
    hidden: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """The table of the chosen sheet, whose number counts from 1, and all sheets."""

    table: Table
    number: int
    sheets: tuple[SheetInfo, ...]


def open_workbook(content: bytes, limits: WorkbookLimits, sheet: str = "") -> Opened:
    """Read a sheet: the one with this name, or else the first that is visible and not empty.

    Raises what is wrong with the workbook or with the sheet; FileSheetNotFound without it.
    """
    package = Package(content, max_bytes=limits.max_bytes)
    return open_sheet(package, open_book(package), limits, sheet)


def open_sheet(package: Package, book: Book, limits: WorkbookLimits, sheet: str = "") -> Opened:
    """Read a sheet of a workbook, as `open_workbook` does."""
    chosen = _named(book, sheet) if sheet else None
    tables: dict[int, Table] = {}
    if chosen is not None:
        tables[chosen] = _table(package, book, book.sheets[chosen], limits)
    else:
        for at, each in enumerate(book.sheets):
            if each.hidden:
                continue
            tables[at] = _table(package, book, each, limits)
            if len(tables[at]):
                chosen = at
                break
    if chosen is None or not len(tables[chosen]):
        raise FileNoDataRows
    counted = [
        len(tables[at]) if at in tables else _count(package, book, each, limits)
        for at, each in enumerate(book.sheets)
    ]
    sheets = tuple(
        SheetInfo(each.name, max(0, count - 1), each.hidden)
        for each, count in zip(book.sheets, counted, strict=True)
    )
    return Opened(tables[chosen], chosen + 1, sheets)


def other_sheets(package: Package, book: Book, limits: WorkbookLimits, *, besides: str) -> list[str]:
    """Return the names of the sheets that have data, the visible ones first, without one name.

    Those whose names are like it come before all others.
    """
    named = sorted(
        (sheet for sheet in book.sheets if _folded(sheet.name) != _folded(besides)),
        key=lambda sheet: sheet.hidden,
    )[:_MOST_NAMES]
    # A header and a row at least.
    filled = [sheet.name for sheet in named if _count(package, book, sheet, limits) > 1]
    keys = {_folded(name): name for name in filled}
    near = [keys[key] for key in get_close_matches(_folded(besides), keys, n=2)] if besides else []
    return [*near, *(name for name in filled if name not in near)]


def _named(book: Book, wanted: str) -> int:
    names = [sheet.name for sheet in book.sheets]
    if wanted in names:
        return names.index(wanted)
    # Excel allows no two names that differ only in this.
    alike = [at for at, name in enumerate(names) if _folded(name) == _folded(wanted)]
    if len(alike) != 1:
        raise FileSheetNotFound(sheet=wanted[:100], sheets=", ".join(names[:_MOST_NAMES])[:1000])
    return alike[0]


def _folded(name: str) -> str:
    return normalize("NFC", name).casefold().strip()


def _rows(package: Package, book: Book, sheet: Sheet, limits: WorkbookLimits) -> Iterable[Row]:
    cells = Cells(book, max_columns=limits.max_columns)
    yield from rows(package.pieces(sheet.part), sheet.part, cells)
    cells.check_formulas()


def _table(package: Package, book: Book, sheet: Sheet, limits: WorkbookLimits) -> Table:
    return table_of(_rows(package, book, sheet, limits), limits.table)


def _count(package: Package, book: Book, sheet: Sheet, limits: WorkbookLimits) -> int:
    """Return how many rows a sheet has that is not read; what is wrong with it is no reason to refuse."""
    first = last = 0
    try:
        for number, _ in _rows(package, book, sheet, limits):
            first, last = first or number, number
            if last - first > limits.table.max_rows:
                break
    except DomainError:
        return last - first + 1 if first else 0
    return min(last - first, limits.table.max_rows + 1) + 1 if first else 0
