"""Tables in memory as CSV: lists of dicts, and data frames of pandas or polars.

Neither library is imported: a data frame is known by its methods.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from os import PathLike
from typing import Any, Protocol

from .errors import InvalidText


class PandasFrame(Protocol):
    """A `pandas.DataFrame`."""

    @property
    def columns(self) -> Any: ...
    def itertuples(self, index: bool = ..., name: str | None = ...) -> Any: ...


class PolarsFrame(Protocol):
    """A `polars.DataFrame`."""

    @property
    def columns(self) -> list[str]: ...
    def iter_rows(self) -> Any: ...


#: Rows as dicts by column, or a data frame.
Table = Sequence[Mapping[str, object]] | PandasFrame | PolarsFrame
#: A path, or a table in memory.
Source = str | PathLike[str] | Table
_MISSING = frozenset({"NAType", "NaTType"})
_TRUTHS = frozenset({"bool", "bool_"})


def is_table(source: object) -> bool:
    """Whether this is a table in memory."""
    return isinstance(source, list | tuple) or hasattr(source, "itertuples") or hasattr(source, "iter_rows")


def csv_of(table: Table) -> bytes:
    """Return a table as CSV: commas, CR LF, UTF-8. The index of a data frame is left out.

    Missing values become empty cells, moments are written in ISO 8601, lists and dicts as JSON, truths as
    `true` and `false`. Raises TypeError for what is no table and for bytes, InvalidText for lone surrogates.
    """
    titles, rows = _read(table)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(titles)
    for row in rows:
        writer.writerow(map(_cell, row))
    try:
        return text.getvalue().encode()
    except UnicodeEncodeError:
        raise InvalidText("a cell has half of a character in it (a lone surrogate)") from None


def _read(table: Any) -> tuple[list[str], Iterable[Sequence[object]]]:
    if hasattr(table, "itertuples"):
        return [str(name) for name in table.columns], table.itertuples(index=False, name=None)
    if hasattr(table, "iter_rows"):
        return [str(name) for name in table.columns], table.iter_rows()
    if not isinstance(table, list | tuple):
        raise TypeError(f"expected a path, a list of dicts or a data frame, not {type(table).__name__}")
    if not all(isinstance(row, Mapping) for row in table):
        raise TypeError("each row of a list must be a dict by column")
    titles = list(dict.fromkeys(name for row in table for name in row))
    return [str(name) for name in titles], ([row.get(name) for name in titles] for row in table)


def _cell(value: Any) -> str:
    if value is None or type(value).__name__ in _MISSING:
        return ""
    if isinstance(value, str):
        return str(value)
    if type(value).__name__ in _TRUTHS:
        return "true" if value else "false"
    if isinstance(value, bytes | bytearray):
        raise TypeError("a cell holds bytes; decode them to text first")
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, float):
        # NumPy's own repr names the type.
        return "" if value != value else float.__repr__(value)
    if isinstance(value, date | time):
        return value.isoformat()
    text = str(value)
    return "" if text == "nan" else text
