"""The values of the library: files, their parses and their rows; and the Protocol that finds files."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.files.objects.stored_object import StoredObject
from services.files.reading.dialect import Dialect
from services.files.workbooks.workbook import SheetInfo


@dataclass(frozen=True, slots=True)
class TableObject:
    """A CSV made of a sheet, sealed under the file's data key: its key in the store, and its size."""

    key: str
    size: int


@dataclass(frozen=True, slots=True)
class Parse:
    """One reading of a file; it never changes, so that a job can pin its version."""

    version: int
    dialect: Dialect
    row_count: int
    #: Of a workbook: the table that its sheet became.
    table: TableObject | None = None


#: What an upload has that could not be read.
NO_PARSE = Parse(0, Dialect("", ""), 0)


@dataclass(frozen=True, slots=True)
class SealedParse:
    """The part of a parse that reveals the data, sealed under the file's data key."""

    columns: bytes
    index: bytes
    #: None for parses of a release that made no profile.
    profile: bytes | None
    #: The line that shows a guessed encoding; None when nothing was guessed.
    sample: bytes | None = None
    #: The workbook's sheets; None for other files.
    sheets: bytes | None = None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An uploaded file and its current parse."""

    id: str
    account: str
    display_name: str
    create_time: datetime
    object: StoredObject
    parse: Parse
    #: When its object was found to be gone.
    lost_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file with the names of its columns."""

    file: StoredFile
    columns: tuple[str, ...]
    #: The line that shows a guessed encoding; empty when nothing was guessed.
    sample_line: str = ""
    #: All sheets of a workbook, in their order.
    sheets: tuple[SheetInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class NumberedRow:
    """A data row and its number, from 1."""

    number: int
    cells: list[str]


class FindsFiles(Protocol):
    """Finds recorded files; an account sees only its own."""

    async def get(
        self, account: str, file_id: str, *, parse: int | None = None
    ) -> tuple[StoredFile, SealedParse] | None:
        """Return a file with its current parse, or with the parse of this version; None without either."""
        ...
