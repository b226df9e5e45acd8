"""Names of everything in the archive, and what they tell.

    main/base/<backup>/data.tar.zst.age    one base backup: Postgres' own tar, compressed and sealed
    main/base/<backup>/manifest.json       what it is, in the clear, written last: without it there is none
    main/wal/<segment>.<covered>.<size>.<sha256>.zst.age    one finished piece of the log
    main/wal/<segment>.partial.zst.age     the piece that is being written, replaced every few seconds
    main/wal/<timeline>.history.zst.age    where a timeline began
    main/gaps/<segment>.json               the first piece that never arrived, and up to when all is there
    main/status/<name>.json                who did what last, for metrics
    keystore/..., ledger/...               copies of two of the vault's files (copies.py)

`covered` is a time in Unix milliseconds: all that was committed up to then lies in this piece or before it.
So the names alone tell what a moment needs and whether it is all there, also to those without an identity.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from ops.postgres.segments import Segment
from ops.stores.store import Stored

BASE = "main/base/"
WAL = "main/wal/"
GAPS = "main/gaps/"
STATUS = "main/status/"
SEALED = ".zst.age"
PARTIAL = ".partial"
#: How far a timeline reached that has ended: a status for each.
REACH = "reach-"
_PIECE = re.compile(rf"{WAL}([0-9A-F]{{24}})\.(\d+)\.(\d+)\.([0-9a-f]{{64}}){re.escape(SEALED)}")
_PARTIAL = re.compile(rf"{WAL}([0-9A-F]{{24}})\.partial{re.escape(SEALED)}")
_HISTORY = re.compile(rf"{WAL}([0-9A-F]{{8}}\.history){re.escape(SEALED)}")


@dataclass(frozen=True, slots=True)
class Piece:
    """A finished piece of the log in the archive."""

    key: str
    name: str
    covered: datetime
    size: int
    digest: str
    #: What the store says it holds; another size than `size` is damage.
    stored: int

    def segment(self, size: int) -> Segment:
        return Segment.named(self.name, size)


def piece_key(name: str, covered: datetime, *, size: int, digest: str) -> str:
    """Return the key of a finished piece."""
    return f"{WAL}{name}.{milliseconds(covered)}.{size}.{digest}{SEALED}"


def partial_key(name: str) -> str:
    """Return the key of an unfinished piece; `name` is the piece's, without `.partial`."""
    return f"{WAL}{name}{PARTIAL}{SEALED}"


def history_key(name: str) -> str:
    """Return the key of a timeline's history."""
    return f"{WAL}{name}{SEALED}"


def piece(stored: Stored) -> Piece | None:
    """Read the name of a finished piece, or return None for another object."""
    found = _PIECE.fullmatch(stored.key)
    if found is None:
        return None
    covered = datetime.fromtimestamp(int(found[2]) / 1000, UTC)
    return Piece(stored.key, found[1], covered, int(found[3]), found[4], stored.size)


def partial(stored: Stored) -> str | None:
    """Return the name of an unfinished piece's segment, or None for another object."""
    found = _PARTIAL.fullmatch(stored.key)
    return found[1] if found else None


def history(stored: Stored) -> str | None:
    """Return the name of a history file, or None for another object."""
    found = _HISTORY.fullmatch(stored.key)
    return found[1] if found else None


def milliseconds(moment: datetime) -> int:
    """Return a time in whole milliseconds, rounded down: never later than it was."""
    return int(moment.timestamp() * 1000)
