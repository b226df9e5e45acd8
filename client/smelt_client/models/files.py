"""CSV files, their rows and their profiles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .reading import raw_field


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file."""

    name: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of a workbook. Rows are counted up to one more than a file may have."""

    name: str
    row_count: int
    hidden: bool


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded CSV or workbook; of a workbook, `sheet` is the one that was read, and `sheets` are all."""

    name: str
    display_name: str
    size_bytes: int
    row_count: int
    columns: tuple[Column, ...]
    encoding: str
    delimiter: str
    sha256: str
    parse: int
    create_time: datetime | None
    skip_rows: int = 0
    skip_last_rows: int = 0
    duplicate_names: str = ""
    #: Whether the encoding is only a guess; `sample_line` shows whether it is right.
    encoding_guessed: bool = False
    sample_line: str = ""
    byte_order_mark: bool = False
    line_end: str = ""
    quoting: str = ""
    #: Places, from 1, of columns without name and values, which were left out.
    omitted_columns: tuple[int, ...] = ()
    separator_line: bool = False
    sheet: str = ""
    sheets: tuple[Sheet, ...] = ()
    #: When the bytes were found to be lost; None while they are there.
    lost_time: datetime | None = None
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class Offer:
    """Options with which a refused file can be read, and what it is then."""

    encoding: str
    delimiter: str
    skip_rows: int
    skip_last_rows: int
    duplicate_names: str
    row_count: int
    column_count: int
    #: The first names and the first cells of a row, cut.
    columns: tuple[str, ...]
    sample: tuple[str, ...]
    #: The sheet of a workbook that is read; "" for the usual one.
    sheet: str = ""

    @property
    def options(self) -> dict[str, Any]:
        """The arguments of `upload` and `reparse`; what is to be detected is left out."""
        said = {
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "skip_rows": self.skip_rows,
            "skip_last_rows": self.skip_last_rows,
            "duplicate_names": self.duplicate_names,
            "sheet": self.sheet,
        }
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file that could not be read. `reparse` with its name and an offer's options makes a file of it.

    An upload is kept until `expire_time`; it is None for a file, which stays as it was.
    """

    name: str
    expire_time: datetime | None
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class FileSettings:
    """The days after which the account's setting and the installation's remove files; 0 means never."""

    name: str
    retention_days: int
    installation_retention_days: int
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """A column of a profile. Counts that do not apply to its type are None in `raw` and 0 here."""

    name: str
    type: str
    confidence: float
    samples: tuple[str, ...]
    filled_count: int
    completeness: float
    malformed_count: int
    duplicate_count: int
    placeholder_count: int = 0
    #: `NUMBER`, `DATE`, `IDENTIFIER`, or `VALUE_KIND_UNSPECIFIED`.
    value_kind: str = ""


@dataclass(frozen=True, slots=True)
class Quality:
    """A score from 0 to 100, and the points taken off for each cause."""

    score: int
    band: str
    empty_rows_points: float
    incomplete_columns_points: float
    malformed_cells_points: float
    missing_columns_points: float


@dataclass(frozen=True, slots=True)
class FileProfile:
    """A profile of a file's data."""

    name: str
    parse: int
    row_count: int
    empty_row_count: int
    columns: tuple[ColumnProfile, ...]
    quality: Quality
    encoding: str = ""
    encoding_guessed: bool = False
    sample_line: str = ""
    raw: Mapping[str, Any] = raw_field


@dataclass(frozen=True, slots=True)
class FileRow:
    """A data row of a file; numbers count from 1."""

    number: int
    cells: tuple[str, ...]
    raw: Mapping[str, Any] = raw_field
