"""What a result file is asked to be: its format, its rows and columns, and how its CSV is written."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from services.processor.outside import Dialect
from services.processor.results.formulas import as_text

#: Columns that can be requested in addition to the outputs, in the order in which they appear.
EXTRA_COLUMNS = ("confidence", "flags", "error", "raw")


class Format(Enum):
    """A format of result files: its name's ending, and its media type."""

    CSV = "csv", "text/csv; charset=utf-8"
    XLSX = "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    JSONL = "jsonl", "application/jsonl"

    @property
    def ending(self) -> str:
        """What a file's name ends with, after the dot."""
        return self.value[0]

    @property
    def media_type(self) -> str:
        """The content type of a download."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Form:
    """What a result file holds: rows in one state (None for all), extra columns, and how they are written.

    CSV is written as the job's file was, but for what is named here: a delimiter, a line end, whether all
    cells are quoted, whether there is a byte order mark. New cells that a spreadsheet would run as formulas
    are made text unless the file is `raw`. The file's own cells stay as they were uploaded unless
    `neutral_columns` asks for the same there.
    """

    rows: int | None = None
    columns: tuple[str, ...] = ()
    byte_order_mark: bool | None = None
    raw: bool = False
    neutral_columns: bool = False
    format: Format = Format.CSV
    delimiter: str = ""
    line_end: str = ""
    quotes_all: bool | None = None

    def row(self, own: Iterable[str], new: Iterable[str]) -> list[str]:
        """Return a row of the file's own cells and the new ones."""
        own = map(as_text, own) if self.neutral_columns else own
        return [*own, *(new if self.raw else map(as_text, new))]

    def dialect(self, of_file: Dialect) -> Dialect:
        """Return how the CSV is written for a file that was written in its own way."""
        mark, quotes = self.byte_order_mark, self.quotes_all
        return replace(
            of_file,
            delimiter=self.delimiter or of_file.delimiter,
            line_end=self.line_end or of_file.line_end,
            byte_order_mark=of_file.byte_order_mark if mark is None else mark,
            quotes_all=of_file.quotes_all if quotes is None else quotes,
        )

    @property
    def ending(self) -> str:
        """What the name of a download ends with; `tsv` only where tabs were asked for."""
        return "tsv" if self.delimiter == "\t" else self.format.ending

    @property
    def media_type(self) -> str:
        """The content type of a download."""
        if self.delimiter == "\t":
            return "text/tab-separated-values; charset=utf-8"
        return self.format.media_type
