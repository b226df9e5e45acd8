"""How a file is read: what was requested of a parse, and what it found and assumed."""

from dataclasses import dataclass

#: The delimiter of a file in which each line is one cell.
NO_DELIMITER = "none"
#: Repeated column names get numbers.
NUMBER = "number"
#: The line end that some programs write when they translate the CR LF of a CSV once more.
CR_CR_LF = "\r\r\n"
# A file in which delimiters mean nothing is read with one that no file may contain.
_NEVER = "\0"


@dataclass(frozen=True, slots=True)
class RequestedFormat:
    """The options of a parse. An empty encoding or delimiter is detected."""

    encoding: str = ""
    delimiter: str = ""
    #: Lines before the header.
    skip_rows: int = 0
    #: Rows at the end, empty lines at the very end not counted.
    skip_last_rows: int = 0
    #: Empty, or NUMBER.
    duplicate_names: str = ""
    #: The name of a workbook's sheet; without one, the first that is visible and not empty.
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Dialect:
    """All that is needed to read rows again, and to write rows as this file has them."""

    encoding: str
    delimiter: str
    #: How the header's line ends: `lf`, `crlf`, `cr` or `crcrlf`; empty when it is not known.
    line_end: str = ""
    byte_order_mark: bool = False
    #: `all` when every cell of the first rows is quoted, otherwise `minimal`; empty when it is not known.
    quoting: str = ""
    #: Whether a line `sep=` comes before everything else.
    separator_line: bool = False
    #: Places, from 1, of columns without a name and without a value, which are left out.
    omitted: tuple[int, ...] = ()
    encoding_guessed: bool = False
    skip_rows: int = 0
    skip_last_rows: int = 0
    duplicate_names: str = ""
    #: The number of the workbook's sheet, from 1; 0 for a file that is no workbook. Of a workbook, the rest
    #: describes the table that the sheet became.
    sheet: int = 0

    @property
    def separator(self) -> str:
        """The character that ends a cell."""
        return separator_of(self.delimiter)

    @property
    def row_end(self) -> str:
        """CR_CR_LF where only that ends a row; empty where LF, CR LF and CR do."""
        return CR_CR_LF if self.line_end == LINE_ENDS[CR_CR_LF] else ""


LINE_ENDS = {CR_CR_LF: "crcrlf", "\r\n": "crlf", "\n": "lf", "\r": "cr"}


def separator_of(delimiter: str) -> str:
    """Return the character that ends a cell; for NO_DELIMITER, one that no file contains."""
    return _NEVER if delimiter == NO_DELIMITER else delimiter


def line_end_of(row: str) -> str:
    """Return the name of the line end of a row; empty without one."""
    return next((name for end, name in LINE_ENDS.items() if row.endswith(end)), "")
