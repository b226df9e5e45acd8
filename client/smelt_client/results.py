"""Result files: what they should contain and how they are written, and their rows as tables."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from .call import given
from .errors import FormatUnknown

#: Rows as dicts of texts by column.
Rows = list[dict[str, str]]

FORMATS = ("csv", "xlsx", "jsonl")
#: Formats by the ending of a path; all others are CSV.
_ENDINGS = {".xlsx": "xlsx", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_TABS = frozenset({".tsv", ".tab"})


@dataclass(frozen=True, slots=True)
class ResultForm:
    """What a result file should contain: `only` is `succeeded`, `failed` or empty; `columns` are extra.

    `format` is `csv`, `xlsx` or `jsonl`; if it is empty, the ending of the path decides. CSV is written as
    the job's file is, but for what is given: `delimiter`, `line_end` (`lf`, `crlf`, `cr`), `quoting`
    (`minimal`, `all`), `byte_order_mark`.

    New cells that a spreadsheet would run as formulas are turned into text, unless `raw` is set; cells of
    the file's own columns are turned into text only with `neutral_columns`.
    """

    only: str = ""
    columns: Sequence[str] = ()
    byte_order_mark: bool | None = None
    raw: bool = False
    neutral_columns: bool = False
    format: str = ""
    delimiter: str | None = None
    line_end: str | None = None
    quoting: str | None = None

    def for_path(self, path: str | PathLike[str]) -> ResultForm:
        """Return the form with the format that the ending of a path says; raise FormatUnknown."""
        if self.format:
            return self
        ending = Path(path).suffix.lower()
        if ending in (".parquet", ".xls", ".ods"):
            raise FormatUnknown(f"results are not written as {ending}: use .csv, .xlsx or .jsonl")
        tabs = "\t" if ending in _TABS and self.delimiter is None else self.delimiter
        return replace(self, format=_ENDINGS.get(ending, "csv"), delimiter=tabs)

    def params(self) -> dict[str, Any]:
        """Return the query parameters for this form."""
        mark = self.byte_order_mark
        return given(
            rows=f"ONLY_{self.only.upper()}" if self.only else None,
            columns=list(self.columns) or None,
            byte_order_mark=None if mark is None else str(mark).lower(),
            raw="true" if self.raw else None,
            neutral_columns="true" if self.neutral_columns else None,
            format=None if self.format in ("", "csv") else self.format.upper(),
            delimiter=self.delimiter,
            line_end=self.line_end,
            quoting=self.quoting,
        )


#: Every row, and no extra columns.
WHOLE = ResultForm()
#: The same as the model wrote it, which is what `rows` shows too.
RAW = ResultForm(raw=True)


def as_json_lines(form: ResultForm) -> ResultForm:
    """Return the form in which rows are read into memory."""
    return replace(form, format="jsonl", byte_order_mark=None, delimiter=None, line_end=None, quoting=None)


def as_plain_csv(form: ResultForm) -> ResultForm:
    """Return the form in which the columns are read where there are no rows."""
    return replace(
        form, format="csv", byte_order_mark=False, delimiter=",", line_end="crlf", quoting="minimal"
    )


def rows_of(json_lines: Path) -> Rows:
    """Return the rows of a file of JSON Lines."""
    with json_lines.open(encoding="utf-8", newline="\n") as file:
        return [json.loads(line) for line in file]


def columns_of(plain_csv: Path) -> list[str]:
    """Return the columns of a file in CSV."""
    return next(csv.reader(io.StringIO(plain_csv.read_text(encoding="utf-8"), newline="")))


def by_column(columns: Sequence[str], rows: Sequence[dict[str, str]]) -> dict[str, list[str]]:
    """Return a table as lists of cells by column, as data frames take it."""
    return {column: [row[column] for row in rows] for column in columns}
