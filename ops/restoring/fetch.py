"""Fetches what a plan needs and opens it: every byte is checked before it is used, and a fault is named."""

import hashlib
import os
import shutil
import tarfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from ops.archive import names
from ops.archive.manifest import Backup
from ops.archive.names import Piece
from ops.archive.window import Plan
from ops.errors import Damaged, OpsError
from ops.sealing import Identity
from ops.stores.errors import NoSuchObject
from ops.stores.store import Store

#: Pieces of the log are many and small; a slow bucket is waited for by several at a time.
_THREADS = 4
#: Room for what is replayed and written anew beside what is fetched.
_SPARE = 256 << 20


@dataclass(frozen=True, slots=True)
class Fetching:
    """Fetches into a workspace. A file that is there is whole: it got its name when it was."""

    store: Store
    identity: Identity
    room: Path

    @property
    def log_room(self) -> Path:
        return self.room / "log"

    def data(self, backup: Backup) -> Path:
        """Return the directory that a backup is unpacked in."""
        return self.room / "backups" / backup.id

    def backup(self, backup: Backup) -> Path:
        """Fetch, open and unpack a backup; raise Damaged naming it."""
        place = self.data(backup)
        if place.exists():
            return place
        draft = place.with_name(f"{backup.id}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700, parents=True)
        with self._reading(backup.data_key) as source:
            checked = _Checked(source)
            unpacker = _Unpacker(draft)
            try:
                self.identity.open(cast(BinaryIO, checked), unpacker, name=f"backup {backup.id}")
            finally:
                unpacker.close()
            if (checked.size, checked.digest) != (backup.size, backup.digest):
                raise Damaged(f"backup {backup.id} is not what its manifest describes")
        unpacker.check(backup.id)
        draft.replace(place)
        return place

    def log(self, plan: Plan) -> int:
        """Fetch the log of a plan; return how many pieces. Raises Damaged naming the first bad one."""
        self.log_room.mkdir(mode=0o700, parents=True, exist_ok=True)
        with ThreadPoolExecutor(_THREADS) as threads:
            list(threads.map(self._piece, plan.log.pieces))
        if plan.log.partial:
            self._object(names.partial_key(plan.log.partial), plan.log.partial)
        for name in plan.histories:
            self._object(names.history_key(name), name)
        return len(plan.log.pieces) + bool(plan.log.partial)

    def _piece(self, piece: Piece) -> None:
        self._object(piece.key, piece.name, size=piece.size, digest=piece.digest)

    def _object(self, key: str, name: str, *, size: int = -1, digest: str = "") -> None:
        path = self.log_room / name
        if path.exists():
            return
        draft = self.log_room / f".{name}"
        with self._reading(key) as source, draft.open("wb") as file:
            checked = _Checked(source)
            self.identity.open(cast(BinaryIO, checked), file, name=f"piece {name} of the log")
            if digest and (checked.size, checked.digest) != (size, digest):
                raise Damaged(f"piece {name} of the log is not what its name says")
        draft.replace(path)

    @contextmanager
    def _reading(self, key: str) -> Iterator[BinaryIO]:
        try:
            with self.store.reading(key) as source:
                yield source
        except NoSuchObject:
            raise Damaged(f"{key} is missing from the archive") from None


def check_space(room: Path, plans: list[Plan]) -> None:
    """Raise OpsError unless the disk has room for the plans; what is compressed grows about fourfold."""
    needed = _SPARE + sum(4 * plan.size for plan in plans)
    free = shutil.disk_usage(room).free
    if free < needed:
        raise OpsError(
            f"{room} has {free >> 20} MiB free, and the restore may need {needed >> 20} MiB: make room first"
        )


class _Checked:
    """A stream that counts and digests what is read of it."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._digest = hashlib.sha256()
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self._digest.update(data)
        self.size += len(data)
        return data

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()


class _Unpacker:
    """Unpacks a tar that is written into it, in a thread of its own."""

    def __init__(self, place: Path) -> None:
        reading, writing = os.pipe()
        self._reading = os.fdopen(reading, "rb")
        self._writing = os.fdopen(writing, "wb")
        self._place = place
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._unpack)
        self._thread.start()

    def write(self, data: bytes, /) -> int:
        return self._writing.write(data)

    def flush(self) -> None:
        self._writing.flush()

    def close(self) -> None:
        try:
            self._writing.close()
        finally:
            self._thread.join()

    def check(self, backup: str) -> None:
        """Raise Damaged if the tar was none."""
        if self._error is not None:
            raise Damaged(f"backup {backup} cannot be unpacked ({type(self._error).__name__})")

    def _unpack(self) -> None:
        with self._reading:
            try:
                with tarfile.open(fileobj=self._reading, mode="r|") as archive:
                    for member in archive:
                        archive.extract(_own(member), self._place)
            except (tarfile.TarError, OSError) as error:
                self._error = error
            # The writer must not wait for a reader that has given up.
            while self._reading.read(1 << 20):
                pass


def _own(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Return a plain file or directory below the place, as this process's own; raise TarError for others.

    Python has a filter for this from 3.11.4 on.
    """
    path = PurePosixPath(member.name)
    if not (member.isfile() or member.isdir()) or path.is_absolute() or ".." in path.parts:
        raise tarfile.ExtractError("it holds something else than files of its own")
    member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
    member.mode = 0o700 if member.isdir() else member.mode & 0o755 | 0o600
    return member
