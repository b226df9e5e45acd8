"""What is held of people, table by table: what its owner is given, what is removed, what stays and why.

Each service lists its own tables in `held.py`; a test compares the lists with the databases, so that whoever
adds a table or a column decides about it.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from services.common.identity import ExportPermit


@dataclass(frozen=True, slots=True)
class Held:
    """One table of a service."""

    table: str
    #: SQL that picks an account's rows by `:account`; empty when no row is an account's.
    owned: str = ""
    #: The entry of an archive that the rows become; empty when they become none.
    path: str = ""
    #: Columns that are handed out as they are.
    exported: tuple[str, ...] = ()
    #: Columns that are not, and why; whoever reads `opened elsewhere` finds where.
    withheld: Mapping[str, str] = field(default_factory=dict)
    #: Why nothing of the table is handed out.
    not_exported: str = ""
    #: Why rows stay when their account is gone; empty when they are removed.
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """The beginning of an archive's entry; the bytes that follow are its content."""

    path: str


Piece = Entry | bytes


class Part(Protocol):
    """What a service holds of an account."""

    def export(self, permit: ExportPermit) -> AsyncIterator[Piece]:
        """Yield everything, entry after entry; never key material."""
        ...

    async def erase(self, account: str) -> bool:
        """Remove as much as fits into a call; return whether nothing is left."""
        ...
