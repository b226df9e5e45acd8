"""Moves the received log from the spool into the archive, in order, and notices when a piece never came."""

import os
import tempfile
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog

from ops.archive import names
from ops.archive.objects import Counted, note, noted, put_json
from ops.errors import OpsError
from ops.postgres.segments import HISTORY, SEGMENT, Segment
from ops.postgres.source import Beat
from ops.sealing import Recipients
from ops.stores.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger()
#: Beats between two pieces are few; with more, the oldest say nothing that the newer do not.
_BEATS = 4096
#: A sealed piece larger than this waits for its name on disk, not in memory.
_IN_MEMORY = 64 << 20


@dataclass(slots=True)
class Position:
    """How far the archive has got. It is written into the archive itself, so it outlives the spool."""

    system: str = ""
    timeline: int = 0
    #: The number of the last finished piece in the archive; -1: none yet.
    number: int = -1
    lsn: int = 0
    covered: datetime | None = None
    #: When log was missing last: a backup from before cannot be continued.
    gap_time: datetime | None = None


@dataclass(slots=True)
class Shipper:
    """Ships one cluster's log. Only one may run at a time; its spool is locked by who starts it."""

    store: Store
    recipients: Recipients
    spool: Path
    segment_bytes: int
    position: Position
    #: Set when only a new full backup makes what follows usable.
    needs_full: bool = False
    _beats: deque[Beat] = field(default_factory=lambda: deque(maxlen=_BEATS))
    _shipped: set[str] = field(default_factory=set)
    _partial: tuple[str, int, int] | None = None

    @classmethod
    def resumed(
        cls, store: Store, recipients: Recipients, spool: Path, *, segment_bytes: int, system: str
    ) -> "Shipper":
        """Go on where the archive ends; raise OpsError if it is another cluster's."""
        told = noted(store, "wal")
        position = Position(system=system)
        if told is not None:
            if told["system"] != system:
                raise OpsError(
                    "this archive belongs to another cluster: give each cluster an archive of its own"
                )
            position = Position(
                system,
                int(told["timeline"]),
                int(told["number"]),
                int(told["lsn"]),
                datetime.fromisoformat(told["covered"]) if told.get("covered") else None,
                datetime.fromisoformat(told["gap_time"]) if told.get("gap_time") else None,
            )
        return cls(store, recipients, spool, segment_bytes, position)

    def heard(self, beat: Beat) -> None:
        """Remember a committed heartbeat; what it covers is known once its log is in the archive."""
        self._beats.append(beat)

    def ship(self, flushed: int | None) -> bool:
        """Ship what there is. `flushed` is a position that the spool had before the call. Return whether
        anything was shipped; raise StoreUnavailable, and be called again."""
        moved = self._ship_histories()
        for name in sorted(entry.name for entry in os.scandir(self.spool) if SEGMENT.fullmatch(entry.name)):
            self._ship_piece(name)
            moved = True
        return self._ship_partial(flushed) or moved

    def waiting_bytes(self) -> int:
        """Return how much log waits in the spool."""
        return sum(_size(entry) for entry in os.scandir(self.spool))

    def write_down(self, **more: int) -> None:
        """Write the position into the archive."""
        at = self.position
        note(
            self.store,
            "wal",
            system=at.system,
            timeline=at.timeline,
            number=at.number,
            lsn=at.lsn,
            covered=at.covered and at.covered.isoformat(),
            gap_time=at.gap_time and at.gap_time.isoformat(),
            **more,
        )

    def _ship_histories(self) -> bool:
        moved = False
        for entry in os.scandir(self.spool):
            if HISTORY.fullmatch(entry.name) and entry.name not in self._shipped:
                with (
                    open(entry.path, "rb") as file,
                    self.store.writing(names.history_key(entry.name)) as sink,
                ):
                    self.recipients.seal(file, sink)
                self._shipped.add(entry.name)
                moved = True
        return moved

    def _ship_piece(self, name: str) -> None:
        segment, at = Segment.named(name, self.segment_bytes), self.position
        path = self.spool / name
        if segment.timeline == at.timeline and segment.number <= at.number:
            # It is in the archive: a process was killed before it could remove it here.
            path.unlink()
            return
        if segment.timeline < at.timeline:
            path.unlink()
            return
        self._look_for_gap(segment)
        covered = self._covered(segment.end(self.segment_bytes))
        with (
            path.open("rb") as file,
            tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(self.spool)) as sealed,
        ):
            counted = Counted(sealed)
            self.recipients.seal(file, counted)
            key = names.piece_key(name, covered, size=counted.size, digest=counted.digest)
            sealed.seek(0)
            with self.store.writing(key) as sink:
                while part := sealed.read(1 << 20):
                    sink.write(part)
        at.timeline, at.number = segment.timeline, segment.number
        at.lsn = max(at.lsn, segment.end(self.segment_bytes))
        at.covered = covered
        # Written down before the piece leaves the spool: a kill in between loses nothing.
        self.write_down()
        path.unlink()
        self.store.delete([names.partial_key(name)])

    def _look_for_gap(self, segment: Segment) -> None:
        at = self.position
        if at.number < 0:
            return
        if segment.timeline != at.timeline:
            log.warning("wal.new_timeline", timeline=segment.timeline)
            if at.covered is not None:
                # Its last piece stays unfinished for ever, and only this says what that piece covers.
                note(
                    self.store,
                    f"{names.REACH}{at.timeline}",
                    timeline=at.timeline,
                    lsn=at.lsn,
                    covered=at.covered.isoformat(),
                )
            at.lsn = 0
            self.needs_full = True
            return
        expected = Segment(at.timeline, at.number + 1)
        if segment.number == expected.number:
            return
        at.gap_time = datetime.now(UTC)
        self.needs_full = True
        missing = expected.name(self.segment_bytes)
        log.error("wal.gap", missing=missing, until=segment.name(self.segment_bytes))
        told = {"first_missing": missing, "next": segment.name(self.segment_bytes)}
        covered = at.covered.isoformat() if at.covered else None
        put_json(self.store, f"{names.GAPS}{missing}.json", {**told, "covered": covered})

    def _ship_partial(self, flushed: int | None) -> bool:
        """Ship the unfinished piece if it has changed; then everything up to `flushed` is in the archive."""
        for path in sorted(self.spool.glob(f"*{names.PARTIAL}"), reverse=True):
            name = path.name.removesuffix(names.PARTIAL)
            if not SEGMENT.fullmatch(name):
                continue
            segment, at = Segment.named(name, self.segment_bytes), self.position
            if segment.timeline < at.timeline:
                continue
            try:
                status = path.stat()
                if self._partial == (name, status.st_mtime_ns, status.st_ino):
                    return False
                with path.open("rb") as file, self.store.writing(names.partial_key(name)) as sink:
                    self.recipients.seal(file, sink)
            except FileNotFoundError:
                # It was finished meanwhile, and goes as a piece the next time.
                return False
            self._partial = (name, status.st_mtime_ns, status.st_ino)
            if segment.timeline != at.timeline:
                self._look_for_gap(segment)
                at.timeline, at.number = segment.timeline, segment.number - 1
            if flushed is not None:
                at.lsn = max(at.lsn, flushed)
                at.covered = self._covered(flushed)
            return True
        return False

    def _covered(self, lsn: int) -> datetime:
        """Return the time of the newest heartbeat before a position, or what is known already."""
        newest = self.position.covered
        while self._beats and self._beats[0].lsn <= lsn:
            newest = self._beats.popleft().time
        return newest or datetime.fromtimestamp(0, UTC)


def _size(entry: "os.DirEntry[str]") -> int:
    """Return a file's size, and 0 for what is no file or has got its final name meanwhile."""
    try:
        return entry.stat().st_size if entry.is_file() else 0
    except FileNotFoundError:
        return 0
