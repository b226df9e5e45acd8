"""The erasure ledger's entries, and the chain that binds each to all before it.

The ledger outlives every copy of the databases: it tells a restored vault what must not come back. One entry
is one line of JSON. Its MAC covers the line and the MAC before it, under a key of the ledger's own, so an
entry cannot be altered, dropped, inserted or moved unnoticed. Entries missing at the end are noticed by the
marks in the databases.
"""

import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

import orjson

from services.common.errors import DomainError, Kind
from services.vault.crypto.committing import derive

_LABEL = b"smelt/erasure-ledger/v1"
_FIELDS = ["seq", "time", "kind", "account", "object", "noted", "mac"]


class LedgerDamaged(DomainError):
    """The erasure ledger was altered or cut; the message names the first bad entry."""

    reason = "LEDGER_DAMAGED"
    kind = Kind.DAMAGED
    message = "The erasure ledger is damaged"


class LedgerUnavailable(DomainError):
    """The erasure ledger cannot be read or written now, so nothing was erased."""

    reason = "LEDGER_UNAVAILABLE"
    kind = Kind.UNAVAILABLE
    message = "The erasure ledger cannot be used; try again later"


class EntryKind(Enum):
    """What an entry is about; the value is stored in the ledger."""

    ACCOUNT = "account"
    API_KEY = "api-key"
    HISTORY = "history"
    SERVICE_HISTORY = "service-history"


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the ledger: an entry's number and MAC. A database's mark says how far it has followed."""

    seq: int
    mac: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What an entry says: an account or API key was erased, or a database began a new history."""

    kind: EntryKind
    account: str
    object: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A tombstone in its place. `noted` is how far both databases were known to have followed by then."""

    mark: Mark
    time: datetime
    tombstone: Tombstone
    noted: int

    @property
    def seq(self) -> int:
        return self.mark.seq

    def line(self) -> bytes:
        """Return the entry as it is stored in the ledger, without the line break."""
        return _line(self.seq, self.time, self.tombstone, self.noted, mac=self.mark.mac.hex())


@dataclass(frozen=True, slots=True)
class LedgerChain:
    """The MAC chain of one installation's ledger."""

    key: bytearray = field(repr=False)

    @classmethod
    def of(cls, audit_key: bytearray, installation: str) -> "LedgerChain":
        return cls(derive(audit_key, info=_LABEL + installation.encode()))

    def genesis(self) -> Mark:
        """Return the mark of a ledger without entries."""
        return Mark(0, b"")

    def append(self, before: Mark, tombstone: Tombstone, time: datetime, *, noted: int) -> Entry:
        """Return the entry that follows the mark."""
        seq = before.seq + 1
        mac = self._mac(before, _line(seq, time, tombstone, noted))
        return Entry(Mark(seq, mac), time, tombstone, noted)

    def decoded(self, line: bytes, before: Mark) -> Entry:
        """Return the entry in a line that follows the mark; raise LedgerDamaged naming it."""
        damaged = LedgerDamaged(f"Entry {before.seq + 1} of the erasure ledger is not what was written")
        try:
            said = orjson.loads(line)
            if list(said) != _FIELDS:
                raise damaged
            tombstone = Tombstone(EntryKind(said["kind"]), str(said["account"]), str(said["object"]))
            entry = self.append(
                before, tombstone, datetime.fromisoformat(said["time"]), noted=int(said["noted"])
            )
        except (ValueError, TypeError, KeyError):
            raise damaged from None
        if not hmac.compare_digest(entry.line(), line):
            raise damaged
        return entry

    def _mac(self, before: Mark, line: bytes) -> bytes:
        return hmac.digest(
            self.key, _LABEL + len(before.mac).to_bytes(1, "big") + before.mac + line, "sha256"
        )


def _line(seq: int, time: datetime, tombstone: Tombstone, noted: int, **more: str) -> bytes:
    return orjson.dumps(
        {
            "seq": seq,
            "time": time.astimezone(UTC).isoformat(timespec="microseconds"),
            "kind": tombstone.kind.value,
            "account": tombstone.account,
            "object": tombstone.object,
            "noted": noted,
            **more,
        }
    )
