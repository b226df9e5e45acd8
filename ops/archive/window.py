"""Which moments can be restored, and what each needs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ops.archive.log import Log, Needed, read_log
from ops.archive.manifest import Backup, backups, chain
from ops.archive.names import BASE
from ops.errors import Damaged, OutsideWindow
from ops.stores.store import Store


@dataclass(frozen=True, slots=True)
class Span:
    """Moments that can be restored, both ends included."""

    begin: datetime
    end: datetime
    #: Of the last of its backups.
    timeline: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What is fetched for one recovery: backups in order, the newest last, and the log after it."""

    links: tuple[Backup, ...]
    log: Needed
    histories: tuple[str, ...]

    @property
    def newest(self) -> Backup:
        return self.links[-1]

    @property
    def size(self) -> int:
        """Bytes in the archive."""
        return sum(link.size for link in self.links) + self.log.size


@dataclass(frozen=True, slots=True)
class Contents:
    """What the archive holds, as it was listed once."""

    backups: tuple[Backup, ...]
    #: What the store says about each backup's data: key to size.
    data: dict[str, int]
    log: Log

    def spans(self) -> list[Span]:
        """Return the moments that can be restored, in order, as far as names and sizes tell."""
        found: list[Span] = []
        for backup in self.backups:
            try:
                self._links(backup)
            except Damaged:
                continue
            end = self.log.after(backup).covered
            if end < backup.end_time:
                continue
            if found and found[-1].end >= backup.end_time:
                found[-1] = Span(found[-1].begin, max(found[-1].end, end), backup.timeline)
            else:
                found.append(Span(backup.end_time, end, backup.timeline))
        return found

    def plan(self, moment: datetime, *, backup: str = "") -> Plan:
        """Return what a moment needs; raise OutsideWindow, or Damaged naming what is missing."""
        fitting = [each for each in self.backups if each.end_time <= moment]
        if backup:
            fitting = [each for each in fitting if each.id == backup]
        if not fitting:
            raise OutsideWindow(f"no backup is as old as {moment.isoformat()}. {self.described()}")
        newest = fitting[-1]
        links = self._links(newest)
        try:
            needed = self.log.after(newest).until(moment)
        except OutsideWindow as error:
            raise OutsideWindow(
                f"{moment.isoformat()} cannot be restored: {error}. {self.described()}"
            ) from None
        return Plan(links, needed, self.log.histories)

    def plan_to_end(self) -> Plan:
        """Return what the newest state needs; raise OutsideWindow, Damaged."""
        if not self.backups:
            raise OutsideWindow(self.described())
        newest = self.backups[-1]
        return Plan(self._links(newest), self.log.after(newest).whole(), self.log.histories)

    def described(self) -> str:
        """Return the window in words."""
        spans = self.spans()
        if not spans:
            return "The archive has no backup that can be restored"
        told = " and ".join(f"from {span.begin.isoformat()} to {span.end.isoformat()}" for span in spans)
        return f"Moments {told} can be restored"

    def _links(self, backup: Backup) -> tuple[Backup, ...]:
        links = chain(backup, list(self.backups))
        for link in links:
            stored = self.data.get(link.data_key)
            if stored is None:
                raise Damaged(f"the data of backup {link.id} is missing from the archive")
            if stored != link.size:
                raise Damaged(
                    f"the data of backup {link.id} has {stored} bytes, but {link.size} were written"
                )
        return tuple(links)


def read(store: Store) -> Contents:
    """List the archive."""
    data = {stored.key: stored.size for stored in store.listed(BASE)}
    return Contents(tuple(backups(store)), data, read_log(store))


def outdated(contents: Contents, *, now: datetime, window: timedelta) -> tuple[list[Backup], list[str]]:
    """Return the backups that no moment of the window needs, and the keys of the log that none needs."""
    cutoff = now - window
    before = [each for each in contents.backups if each.end_time <= cutoff]
    kept = {each.id for each in contents.backups if each.end_time > cutoff}
    if before:
        kept.add(before[-1].id)
    for backup in contents.backups:
        if backup.id in kept:
            try:
                kept |= {link.id for link in chain(backup, list(contents.backups))}
            except Damaged:
                continue  # `verify` says so; what is left of it stays.
    first: dict[int, int] = {}
    for backup in contents.backups:
        if backup.id in kept:
            number = backup.start_lsn // backup.segment_bytes
            first[backup.timeline] = min(first.get(backup.timeline, number), number)
    old = []
    size = contents.backups[0].segment_bytes if contents.backups else 0
    for piece in contents.log.pieces.values():
        segment = piece.segment(size) if size else None
        if segment is None or piece.covered > cutoff:
            continue
        if segment.timeline not in first or segment.number < first[segment.timeline]:
            old.append(piece.key)
    return [each for each in contents.backups if each.id not in kept], old
