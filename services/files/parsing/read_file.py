"""What the reading of an upload gives: its parse, and of a workbook its sheets and the table of one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from services.files.objects.sealed import Written
from services.files.reading.reader import Parsed
from services.files.workbooks.workbook import SheetInfo

#: Takes the bytes of a workbook's table and stores them.
KeepTable = Callable[[Iterator[bytes]], Written]


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A parse; of a workbook also all sheets, and what was stored of the table that was parsed."""

    parsed: Parsed
    sheets: tuple[SheetInfo, ...] = ()
    table: Written | None = None
