"""What the reading of an upload gives: its parse, and of a workbook its sheets and the table of one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from services.common.errors import DomainError
from services.files.objects.sealed import Written
from services.files.reading.dialect import RequestedFormat
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


class OtherwiseReadable(Exception):
    """A file that cannot be read with some options: the refusal, and options that may read it.

    The process that reads a workbook finds these, because nobody else sees its sheets.
    """

    def __init__(self, refusal: DomainError, others: tuple[RequestedFormat, ...]) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.others = others
