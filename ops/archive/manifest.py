"""A backup's manifest: what it is and which log it needs. In the clear; without it there is no backup."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from ops.archive.names import BASE
from ops.archive.objects import get_json, put_json
from ops.errors import Damaged
from ops.stores.store import Store

FORMAT = 1
DATA = "data.tar.zst.age"
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Backup:
    """One base backup. Times are the cluster's; positions are numbers."""

    id: str
    #: The backup that this one is an increment of, or empty.
    parent: str
    system: str
    timeline: int
    segment_bytes: int
    #: Replay begins here, and must reach `end_lsn` before the data is consistent.
    start_lsn: int
    end_lsn: int
    start_time: datetime
    end_time: datetime
    size: int
    digest: str
    server: str

    @property
    def data_key(self) -> str:
        return f"{BASE}{self.id}/{DATA}"

    @property
    def manifest_key(self) -> str:
        return f"{BASE}{self.id}/{MANIFEST}"

    def as_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            **asdict(self),
            "start_time": self.start_time.isoformat(),
            "end_time": self.end_time.isoformat(),
        }

    @classmethod
    def of(cls, told: dict[str, Any], key: str) -> "Backup":
        """Read a manifest; raise Damaged naming it."""
        try:
            if told["format"] != FORMAT:
                raise Damaged(f"{key} has format {told['format']}, which this version cannot read")
            values = {name: told[name] for name in cls.__dataclass_fields__}
            for name in ("start_time", "end_time"):
                values[name] = datetime.fromisoformat(values[name])
            return cls(**values)
        except (KeyError, TypeError, ValueError):
            raise Damaged(f"{key} is damaged") from None


def publish(store: Store, backup: Backup) -> None:
    """Make a backup one that counts; its data is there already."""
    put_json(store, backup.manifest_key, backup.as_json())


def backups(store: Store) -> list[Backup]:
    """Return every backup that counts, oldest first."""
    found = []
    for stored in store.listed(BASE):
        if stored.key.endswith(f"/{MANIFEST}") and (told := get_json(store, stored.key)) is not None:
            found.append(Backup.of(told, stored.key))
    return sorted(found, key=lambda backup: backup.end_time)


def chain(backup: Backup, known: list[Backup]) -> list[Backup]:
    """Return the full backup and increments that a backup needs; raise Damaged naming a missing one."""
    by_id = {each.id: each for each in known}
    found = [backup]
    while found[0].parent:
        parent = by_id.get(found[0].parent)
        if parent is None:
            raise Damaged(
                f"backup {found[0].id} builds on {found[0].parent}, which the archive does not have"
            )
        found.insert(0, parent)
    return found
