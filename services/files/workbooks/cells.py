"""The text of a cell by its type, style and value, for both ways of reading a sheet."""

from services.files.errors import FileFormulasNotCalculated, FileTooManyColumns, FileWorkbookInvalid
from services.files.workbooks.book import Book
from services.files.workbooks.number_format import Shown
from services.files.workbooks.values import iso_text, number_text, shown_text, unescaped

#: As many as Excel has; a program that writes more makes a file that Excel refuses.
MOST_COLUMNS = 16_384
MOST_ROWS = 1_048_576
#: Moments repeat: most sheets have fewer different days than rows.
_MOST_REMEMBERED = 50_000


class Cells:
    """Turns the cells of one sheet into text."""

    def __init__(self, book: Book, *, max_columns: int) -> None:
        self._book = book
        self._max_columns = max_columns
        #: The styles that decide about the text, also of cells that name none.
        self.styles = book.styles | ({"": book.styles["0"]} if "0" in book.styles else {})
        #: The places of columns that were asked for.
        self.columns: dict[str, int] = {}
        self._remembered: dict[tuple[str, str], str] = {}
        self._calculated = False
        self._first_open = ""

    def text(self, kind: str, style: str, written: str) -> str:
        """Return the text of a cell with a value, which is free of XML's escapes; "" if it is blank."""
        if kind == "s":
            return self.shared(written)
        if kind in ("str", "inlineStr"):
            return unescaped(written) if "_x" in written else written
        form = self.styles.get(style)
        if kind in ("", "n"):
            return number_text(written) if form is None else self._shown(written, style, form)
        if kind == "b":
            return "TRUE" if written in ("1", "true") else "FALSE"
        if kind == "e":
            return written
        if kind == "d":
            return iso_text(written, form)
        raise FileWorkbookInvalid(problem="a cell has an unknown type")

    def column(self, letters: str) -> int:
        """Return the place of a column, from 0; raise FileTooManyColumns behind the last that is allowed."""
        place = place_of(letters)
        if place >= self._max_columns:
            raise FileTooManyColumns(limit=str(self._max_columns))
        self.columns[letters] = place
        return place

    def formula(self, cell: str, *, has_value: bool) -> None:
        """Note that a cell has a formula."""
        if has_value:
            self._calculated = True
        elif not self._first_open:
            self._first_open = cell

    def check_formulas(self) -> None:
        """Raise FileFormulasNotCalculated if no formula of the sheet has a value.

        A program that only writes formulas leaves all values to the first spreadsheet that opens the file.
        A single formula without a value shows nothing in a spreadsheet either.
        """
        if self._first_open and not self._calculated:
            raise FileFormulasNotCalculated(cell=self._first_open)

    def shared(self, written: str) -> str:
        """Return the text that many cells share, by its place in the book."""
        try:
            at = int(written)
            if at >= 0:
                return self._book.strings[at]
        except (IndexError, ValueError):
            pass
        raise FileWorkbookInvalid(problem="a cell names a string that is not there")

    def _shown(self, written: str, style: str, form: Shown) -> str:
        known = self._remembered.get((style, written))
        if known is None:
            known = shown_text(written, form, from_1904=self._book.from_1904)
            if len(self._remembered) < _MOST_REMEMBERED:
                self._remembered[style, written] = known
        return known


def place_of(letters: str) -> int:
    """Return the place of a column, from 0; one behind Excel's last stands for all behind it."""
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - ord("A") + 1
    return min(place, MOST_COLUMNS + 1) - 1


def letters_of(place: int) -> str:
    """Return the letters of a column's place."""
    letters = ""
    place += 1
    while place:
        place, letter = divmod(place - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters
