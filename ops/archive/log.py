"""What the archive has of the log, told from names alone: runs without a gap, and up to when they reach."""

from dataclasses import dataclass, field
from datetime import datetime

from ops.archive import names
from ops.archive.manifest import Backup
from ops.archive.names import Piece
from ops.archive.objects import get_json, noted
from ops.errors import Damaged, OutsideWindow
from ops.postgres.segments import Segment
from ops.stores.store import Store


@dataclass(frozen=True, slots=True)
class Reach:
    """How far the receiver has got: the position, and the moment up to which everything is in the archive."""

    timeline: int
    lsn: int
    covered: datetime


@dataclass(frozen=True, slots=True)
class Needed:
    """The log that a restore replays, in order; all of it in the archive."""

    pieces: tuple[Piece, ...]
    #: The name of the unfinished piece at the end, if it is needed too.
    partial: str = ""

    @property
    def size(self) -> int:
        return sum(piece.stored for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Run:
    """What follows a backup without a gap."""

    pieces: tuple[Piece, ...]
    partial: str
    #: The first piece that is missing although later ones are there, or empty.
    missing: str
    covered: datetime

    def until(self, moment: datetime) -> Needed:
        """Return what is needed for a moment; raise Damaged naming a missing piece, or OutsideWindow."""
        for number, piece in enumerate(self.pieces):
            if piece.covered >= moment:
                return Needed(self.pieces[: number + 1])
        if self.missing:
            raise Damaged(
                f"piece {self.missing} of the log is missing: the moments after {self.covered.isoformat()} "
                "that need it cannot be restored"
            )
        if self.covered >= moment:
            return Needed(self.pieces, self.partial)
        raise OutsideWindow(f"the archive's log ends at {self.covered.isoformat()}")

    def whole(self) -> Needed:
        """Return all of it; raise Damaged if something is missing in between."""
        if self.missing:
            raise Damaged(f"piece {self.missing} of the log is missing")
        return Needed(self.pieces, self.partial)


@dataclass(frozen=True, slots=True)
class Log:
    """Everything of the log that is in the archive."""

    pieces: dict[str, Piece]
    partials: frozenset[str]
    histories: tuple[str, ...]
    #: By timeline.
    reaches: dict[int, Reach]
    strays: tuple[str, ...] = field(default=())

    def after(self, backup: Backup) -> Run:
        """Return what follows a backup's beginning."""
        size = backup.segment_bytes
        segment = Segment.holding(backup.start_lsn, backup.timeline, size)
        found: list[Piece] = []
        while (piece := self.pieces.get(segment.name(size))) is not None:
            found.append(piece)
            segment = segment.next()
        partial = segment.name(size) if segment.name(size) in self.partials else ""
        missing = ""
        if not partial and any(_later(name, segment, size) for name in (*self.pieces, *self.partials)):
            missing = segment.name(size)
        covered = max((piece.covered for piece in found), default=backup.start_time)
        reach = self.reaches.get(backup.timeline)
        if reach is not None and partial and reach.lsn <= segment.end(size):
            covered = max(covered, reach.covered)
        return Run(tuple(found), partial, missing, covered)


def _later(name: str, segment: Segment, size: int) -> bool:
    other = Segment.named(name, size)
    return other.timeline == segment.timeline and other.number >= segment.number


def read_log(store: Store) -> Log:
    """List the archive's log."""
    pieces: dict[str, Piece] = {}
    partials, histories, strays = [], [], []
    for stored in store.listed(names.WAL):
        if piece := names.piece(stored):
            # A process killed after it wrote a piece wrote it again; the whole one counts.
            known = pieces.get(piece.name)
            if known is None or known.stored != known.size:
                pieces[piece.name] = piece
        elif name := names.partial(stored):
            partials.append(name)
        elif name := names.history(stored):
            histories.append(name)
        else:
            strays.append(stored.key)
    return Log(pieces, frozenset(partials), tuple(histories), read_reaches(store), tuple(strays))


def read_reaches(store: Store) -> dict[int, Reach]:
    """Return how far each timeline got, as the receiver wrote it down."""
    prefix = f"{names.STATUS}{names.REACH}"
    told = [get_json(store, stored.key) for stored in store.listed(prefix)]
    found = {}
    for each in (*told, noted(store, "wal")):
        if each and each.get("covered"):
            reach = Reach(int(each["timeline"]), int(each["lsn"]), datetime.fromisoformat(each["covered"]))
            found[reach.timeline] = reach
    return found
