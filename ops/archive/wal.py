"""Follows the main cluster's log: receives, ships, beats, and answers a gap with a new full backup."""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from ops.archive.backup import Backups
from ops.archive.manifest import backups
from ops.archive.objects import noted
from ops.archive.prune import prune
from ops.archive.receiver import Receiver
from ops.archive.shipper import Shipper
from ops.errors import OpsError
from ops.postgres import source
from ops.postgres.source import Connection, Source, SourceUnavailable
from ops.stores.errors import StoreUnavailable

log: structlog.stdlib.BoundLogger = structlog.get_logger()
_LOOK_SECONDS = 0.2
_RETRY_SECONDS = 1.0
_BACKUP_RETRY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things happen."""

    ship_seconds: float
    beat_seconds: float
    spool_bytes: int
    window: timedelta
    #: Without a schedule, only gaps and an empty archive are answered with a backup here.
    full: timedelta | None = None
    incremental: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What metrics show of the follower; replaced whole at each turn."""

    receiving: bool = False
    slot_retained_bytes: int = 0
    spool_bytes: int = 0
    covered: datetime | None = None
    lag_bytes: int = 0


@dataclass(slots=True)
class Follower:
    """Everything that `smelt-ops wal` does. One thread ships; another makes backups when they are due."""

    source: Source
    receiver: Receiver
    backups: Backups
    spool: Path
    pace: Pace
    stopping: threading.Event
    seen: Seen = field(default_factory=Seen)
    _full_wanted: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Follow until `stopping` is set; raise OpsError if this archive is not this cluster's."""
        room = self.receiver.directory
        room.mkdir(mode=0o700, parents=True, exist_ok=True)
        with only_one(self.spool / "wal.lock"):
            shipper = self._begin(room)
            if shipper is None:
                return
            maker = threading.Thread(target=self._make_backups, name="backups", daemon=True)
            maker.start()
            try:
                self._follow(shipper)
            finally:
                self.receiver.stop()
            try:
                if shipper.ship(None):
                    shipper.write_down()
            except StoreUnavailable as error:
                # It stays in the spool, and goes at the next start.
                log.error("wal.last_not_shipped", why=str(error))

    def _begin(self, room: Path) -> Shipper | None:
        while not self.stopping.is_set():
            try:
                with self.source.connected() as connection:
                    source.prepare(connection)
                    size, system = source.segment_bytes(connection), source.identity(connection)
                return Shipper.resumed(
                    self.backups.store, self.backups.recipients, room, segment_bytes=size, system=system
                )
            except (SourceUnavailable, StoreUnavailable) as error:
                log.warning("wal.not_begun", why=str(error))
                self.stopping.wait(_RETRY_SECONDS)
        return None

    def _follow(self, shipper: Shipper) -> None:
        connection: Connection | None = None
        next_beat = next_ship = next_start = 0.0
        while not self.stopping.wait(_LOOK_SECONDS):
            now = time.monotonic()
            flushed = None
            try:
                if connection is None:
                    connection = self._connect()
                if now >= next_beat:
                    shipper.heard(source.beat(connection))
                    next_beat = now + self.pace.beat_seconds
                if now >= next_ship:
                    flushed = source.flushed(connection)
            except SourceUnavailable as error:
                log.warning("wal.source_unavailable", error=type(error).__name__)
                connection, next_beat = None, now + _RETRY_SECONDS
            if now >= next_start and self._may_receive(shipper):
                next_start = now + _RETRY_SECONDS
            if now >= next_ship or shipper.waiting_bytes() > 2 * shipper.segment_bytes:
                next_ship = now + self.pace.ship_seconds
                self._ship(shipper, flushed)
                self._look(shipper, connection)
            if shipper.needs_full:
                shipper.needs_full = False
                self._full_wanted.set()
        if connection is not None:
            connection.close()

    def _connect(self) -> Connection:
        return self.source.connect()

    def _may_receive(self, shipper: Shipper) -> bool:
        """Keep the receiver running while there is room; return whether it was started."""
        waiting = shipper.waiting_bytes()
        if self.receiver.runs:
            if waiting > self.pace.spool_bytes:
                log.error("wal.spool_full", bytes=waiting)
                self.receiver.stop()
            return False
        if waiting > self.pace.spool_bytes // 2:
            return False
        try:
            self.receiver.start()
        except (SourceUnavailable, OSError) as error:
            log.warning("wal.receiver_not_started", error=type(error).__name__)
        return True

    def _ship(self, shipper: Shipper, flushed: int | None) -> None:
        try:
            if shipper.ship(flushed):
                shipper.write_down(
                    slot_retained=self.seen.slot_retained_bytes, spool_bytes=self.seen.spool_bytes
                )
        except StoreUnavailable as error:
            log.error("wal.not_shipped", why=str(error))
        except OSError as error:
            log.error("wal.spool_unusable", error=error.strerror)

    def _look(self, shipper: Shipper, connection: Connection | None) -> None:
        state, written = None, shipper.position.lsn
        if connection is not None:
            try:
                state = source.slot_state(connection)
                written = source.written(connection)
            except SourceUnavailable:
                state = None
        self.seen = Seen(
            self.receiver.runs,
            state.retained if state else self.seen.slot_retained_bytes,
            shipper.waiting_bytes(),
            shipper.position.covered,
            max(written - shipper.position.lsn, 0),
        )

    def _make_backups(self) -> None:
        while not self.stopping.wait(_LOOK_SECONDS):
            try:
                full = self._full_wanted.is_set()
                due = self._due()
                if not full and due is None:
                    self.stopping.wait(_RETRY_SECONDS)
                    continue
                self.backups.make(full=full or due == "full")
                self._full_wanted.clear()
                if self.pace.full is not None:
                    prune(self.backups.store, now=datetime.now(UTC), window=self.pace.window)
            except OpsError as error:
                log.error("backup.failed", why=str(error))
                self.stopping.wait(_BACKUP_RETRY_SECONDS)
            except Exception as error:  # noqa: BLE001 -- the log must go on whatever becomes of a backup
                log.error("backup.failed", error=type(error).__name__)
                self.stopping.wait(_BACKUP_RETRY_SECONDS)

    def _due(self) -> str | None:
        """Return which backup is due now: `full`, `increment` or None."""
        store, now = self.backups.store, datetime.now(UTC)
        if not noted(store, "wal"):
            return None  # No log yet, and without it no backup counts.
        known = noted(store, "full")
        if known is None:
            return None if backups(store) else "full"
        if self.pace.full is None or self.pace.incremental is None:
            return None
        if now - datetime.fromisoformat(known["time"]) >= self.pace.full:
            return "full"
        last = max(datetime.fromisoformat(each["time"]) for each in (known, noted(store, "backup")) if each)
        return "increment" if now - last >= self.pace.incremental else None


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Lock the spool for this process; raise OpsError if another one has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OpsError(f"another process uses the spool {path.parent}") from None
        yield
    finally:
        os.close(descriptor)
