"""Personal data, table by table: what an export contains, what an erasure removes, what stays and why.

Each service lists its own tables in `privacy/tables.py`. Tests compare the lists with the databases, so a new
table or column fails them until its list says what becomes of it.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from services.common.identity import ExportPermit


@dataclass(frozen=True, slots=True)
class PersonalTable:
    """One table of a service, and what an export and an erasure do with it."""

    name: str
    #: SQL that picks an account's rows by `:account`; empty when no row belongs to an account.
    account_rows: str = ""
    #: The archive entry that an export writes the rows to; empty when the table is not exported.
    path: str = ""
    #: Columns that are exported as they are.
    exported: tuple[str, ...] = ()
    #: Columns that are not exported, each with the reason.
    withheld: Mapping[str, str] = field(default_factory=dict)
    #: Why nothing of the table is exported; empty when it has a path.
    not_exported: str = ""
    #: Why an erasure leaves the rows; empty when it removes them.
    not_erased: str = ""
    #: Rows that an export reads at once; fewer where one may be large.
    at_once: int = 250


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """The beginning of an archive's entry; the bytes that follow are its content."""

    path: str


ArchivePiece = ArchiveEntry | bytes


class AccountPart(Protocol):
    """What one service stores about an account."""

    def export(self, permit: ExportPermit) -> AsyncIterator[ArchivePiece]:
        """Yield everything, entry after entry; never key material."""
        ...

    async def erase(self, account: str) -> bool:
        """Remove as much as fits into a call; return whether nothing is left."""
        ...
