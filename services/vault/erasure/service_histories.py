"""The histories of other services' databases, which stand in the ledger beside the vault's own.

A service that starts tells the history of its database: server, timeline, database. If the ledger knows
another one, the database was restored or moved, and rows that ended since are back. Then it may be served
from only once a settlement stands in it: a mark that what ended was buried there. Each settlement counts
once, so that one which comes back with a restored database is worth nothing.

A restore that leaves the history as it was, such as a disk's snapshot that is put back, shows only in the
vault's own database; a HISTORY entry tells of it, and an older entry of the service then counts no longer.
"""

import asyncio
from dataclasses import dataclass, field

from services.vault.erasure.erasures import Erasures
from services.vault.erasure.ledger import Entry, EntryKind, Tombstone
from services.vault.erasure.restoration import DATABASE

_NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Compared:
    """Whether a service's database may be served from, and which history was known; empty for none."""

    agrees: bool
    known: str


@dataclass(slots=True)
class _Known:
    """What the ledger says about services' databases, up to some entry."""

    #: By service: the latest history, and the number of its entry.
    histories: dict[str, tuple[str, int]] = field(default_factory=dict)
    #: (service, settlement) that were taken.
    taken: set[tuple[str, str]] = field(default_factory=set)
    #: The vault's own histories, and the latest entry that shows that its database was restored.
    own: str = ""
    restored: int = 0

    def add(self, entry: Entry) -> None:
        said = entry.tombstone.object
        if entry.tombstone.kind is EntryKind.HISTORY:
            if self.own and (self.own == said or _database(self.own) != _database(said)):
                self.restored = entry.seq
            self.own = said
        elif entry.tombstone.kind is EntryKind.SERVICE_HISTORY:
            service, history, settlement = said.split(" ")
            self.histories[service] = history, entry.seq
            self.taken.add((service, settlement))


class ServiceHistories:
    """Compares the histories of services' databases with the ledger, and writes down the accepted ones."""

    def __init__(self, erasures: Erasures) -> None:
        self._erasures = erasures
        self._reader = erasures.ledger.reader()
        self._known = _Known()
        self._turn = asyncio.Lock()
        #: By service: why it does not serve, for the operator.
        self.waiting: dict[str, str] = {}

    async def compare(self, service: str, history: str, settlement: str) -> Compared:
        """Return whether a service's database agrees; raise LedgerDamaged, LedgerUnavailable, Unavailable."""
        async with self._turn:
            await self._follow()
            known, seq = self._known.histories.get(service, ("", 0))
            if known == history and seq > self._known.restored:
                self.waiting.pop(service, None)
                return Compared(True, known)
            if known and not (settlement and (service, settlement) not in self._known.taken):
                self.waiting[service] = _why(service, known=known, now=history)
                return Compared(False, known)
            entry = await self._erasures.ledger.append(
                Tombstone(EntryKind.SERVICE_HISTORY, "", f"{service} {history} {settlement or _NOTHING}"),
                noted=await self._erasures.noted(),
            )
            await self._erasures.carry_out([entry])
            await self._follow()
            self.waiting.pop(service, None)
            return Compared(True, known)

    async def _follow(self) -> None:
        while entries := await self._erasures.ledger.follow(self._reader):
            for entry in entries:
                self._known.add(entry)


def _database(histories: str) -> str:
    """Return the vault's database of the histories in an entry."""
    return next((each for each in histories.split(", ") if each.startswith(f"{DATABASE} ")), "")


def _why(service: str, *, known: str, now: str) -> str:
    moved = (
        "from the past" if known == now else f"restored or moved (the ledger knows {known}, now it is {now})"
    )
    return (
        f"{service}: its database is {moved}, and what ended since has not been buried: "
        "run `smelt-ops restore`, see docs/restored-databases.md"
    )
