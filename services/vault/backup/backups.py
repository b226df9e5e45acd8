"""Backups of the key store: one file in each directory, with the latest state only, replaced atomically.

An older backup is worthless once the wrapping key was replaced, so none is kept. Each directory is written
separately: if one is full or missing, the others are still written.
"""

import asyncio
import fcntl
import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from services.common.database import FAILURES, Engine, EngineConnection
from services.common.logs import describe, log
from services.vault import private_files
from services.vault.backup import format, store
from services.vault.backup.format import CHUNK_BYTES, BackupUnusable, Header, Writer
from services.vault.keys.installation import Installation
from services.vault.keys.keyring import CannotUnseal, open_keyring
from services.vault.keys.store import read_installation
from services.vault.keys.wrapping_file import WrappingFile
from services.vault.root.key import RootKey, RootKeyUnusable, RootProvider

NAME = "keystore.backup"
_DRAFT = "keystore.backup.draft"
_MODE = 0o600
_LOOK_SECONDS = 1.0
_RETRY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class KeyStoreBackups:
    """Creates and restores backups of one key store."""

    engine: Engine
    provider: RootProvider
    now: Callable[[], datetime]

    async def installation(self) -> Installation:
        """Return what the key store names; raise BackupUnusable if it is empty."""
        async with self.engine.connect() as database:
            return await _installation(database)

    async def write(self, place: Path) -> Header:
        """Replace the backup in a directory; durable on return. Raises BackupUnusable, OSError."""
        async with self.engine.connect() as database:
            await database.execution_options(isolation_level="REPEATABLE READ")
            named = await _installation(database)
            if named.rotating:
                raise BackupUnusable("the wrapping key is being rotated: try again when that is done")
            with await asyncio.to_thread(self._root, named) as root, _draft(place) as file:
                header = Header.new(
                    wrapping_version=named.wrapping_version, root_key_id=root.id, installation=named.id
                )
                with Writer(file, header, root) as writer:
                    await self._write(database, writer)
                await asyncio.to_thread(_publish, file, place)
        return header

    async def restore(self, path: Path, wrapping: WrappingFile) -> Header:
        """Fill an empty key store from a backup, whole or not at all; raise BackupUnusable, OSError."""
        with await asyncio.to_thread(path.open, "rb") as file:
            return await self._restore(file, wrapping)

    async def _restore(self, file: BinaryIO, wrapping: WrappingFile) -> Header:
        header = format.read_header(file)
        async with self.engine.begin() as database:
            if not await store.is_empty(database):
                raise BackupUnusable("the key store is not empty: restore into a new database, after migrate")
            named = Installation(
                header.installation, header.root_key_id, header.wrapping_version, header.wrapping_version
            )
            with await asyncio.to_thread(self._root, named) as root:
                await asyncio.to_thread(_check_wrapping, self.provider, wrapping, named)
                await store.fill(database, format.read(file, header, root))
        return header

    async def _write(self, database: EngineConnection, writer: Writer) -> None:
        held: list[bytes] = []
        size = 0
        async for line in store.lines(database, self.now()):
            if held and size + len(line) > CHUNK_BYTES:
                await asyncio.to_thread(writer.chunk, held)
                held, size = [], 0
            held.append(line)
            size += len(line)
        await asyncio.to_thread(writer.chunk, held, last=True)

    def _root(self, named: Installation) -> RootKey:
        try:
            root = self.provider.load(named.root_key_id)
        except RootKeyUnusable as error:
            raise BackupUnusable(f"the root key cannot be read: {error}") from None
        if root.id != named.root_key_id:
            root.wipe()
            raise BackupUnusable(f"this needs root key {named.root_key_id}, but the vault has {root.id}")
        return root


@dataclass(frozen=True, slots=True)
class BackupKeeper:
    """Keeps a fresh backup in every directory: right after each rotation, soon after each change, otherwise
    every `every_seconds`."""

    backups: KeyStoreBackups
    places: Collection[Path]
    every_seconds: float
    #: How long changes are gathered before they are written. A new account's key is lost with the key store
    #: until then.
    gather_seconds: float

    async def run(self, *, unless: Callable[[], bool]) -> None:
        """Renew backups until cancelled, except while `unless` returns True.

        A restored key store must not replace a backup that may be the only newer copy.
        """
        wait = dict.fromkeys(self.places, 0.0)
        changes = Changes(self.gather_seconds)
        while True:
            if not unless():
                due = await self._changed(changes)
                everywhere = True
                for place in self.places:
                    wait[place] -= _LOOK_SECONDS
                    if wait[place] > 0:
                        everywhere = False
                    elif not await self._look(place, changed=due):
                        wait[place] = _RETRY_SECONDS
                        everywhere = False
                if due and everywhere:
                    changes.written(time.monotonic())
            await asyncio.sleep(_LOOK_SECONDS)

    async def _changed(self, changes: "Changes") -> bool:
        """Tell whether changes have been gathered for long enough."""
        try:
            async with self.backups.engine.connect() as database:
                position = await store.position(database)
                if changes.moved(position):
                    changes.seen(await store.contents(database), position, now=time.monotonic())
                named = await read_installation(database)
                if named is None or named.rotating:
                    return False
        except FAILURES as error:
            log.warning("keystore.backup_changes_unknown", **describe(error))
        return changes.due(time.monotonic())

    async def _look(self, place: Path, *, changed: bool) -> bool:
        try:
            named = await self.backups.installation()
            if named.rotating or (not changed and await asyncio.to_thread(self._is_fresh, place, named)):
                return True
            header = await self.backups.write(place)
        except (BackupUnusable, OSError, *FAILURES) as error:
            log.error("keystore.backup_failed", place=str(place), **describe(error))
            return False
        log.info("keystore.backup_written", place=str(place), wrapping_version=header.wrapping_version)
        return True

    def _is_fresh(self, place: Path, named: Installation) -> bool:
        try:
            with (place / NAME).open("rb") as file:
                header = format.read_header(file)
                age = self.backups.now().timestamp() - os.fstat(file.fileno()).st_mtime
        except (BackupUnusable, FileNotFoundError):
            return False
        wanted = (named.id, named.root_key_id, named.wrapping_version)
        return (header.installation, header.root_key_id, header.wrapping_version) == wanted and (
            age < self.every_seconds
        )


@dataclass(slots=True)
class Changes:
    """What has changed since the last backup, gathered so that a busy hour does not write one each second.

    Writing takes a tenth of the time at most: with a large key store, changes are gathered for longer.
    """

    gather_seconds: float
    _position: str = ""
    _contents: str | None = None
    _since: float | None = None
    _due_since: float = 0.0
    _took: float = 0.0

    def moved(self, position: str) -> bool:
        """Tell whether anything at all was written in the key store; most of it only counts uses."""
        return position != self._position

    def seen(self, contents: str, position: str, *, now: float) -> None:
        """Note what the key store holds now. What it held when this began may be in no backup."""
        if contents != self._contents and self._since is None:
            self._since = now
        self._contents, self._position = contents, position

    def due(self, now: float) -> bool:
        """Tell whether changes wait and have waited long enough."""
        if self._since is None or now - self._since < max(self.gather_seconds, 10 * self._took):
            return False
        self._due_since = now
        return True

    def written(self, now: float) -> None:
        """Note that all changes that were seen are in every backup."""
        self._since, self._took = None, now - self._due_since


async def _installation(database: EngineConnection) -> Installation:
    if (named := await read_installation(database)) is None:
        raise BackupUnusable("the key store is empty: there is nothing to back up")
    return named


def _check_wrapping(provider: RootProvider, file: WrappingFile, named: Installation) -> None:
    try:
        open_keyring(provider, file, named).wipe()
    except CannotUnseal as error:
        newest = max((slot.version for slot in file.slots() if slot is not None), default=0)
        if newest > named.wrapping_version:
            raise BackupUnusable(
                f"the backup needs version {named.wrapping_version} of the wrapping key, which was destroyed "
                f"when version {newest} replaced it: nothing opens this backup now; use a newer one"
            ) from None
        raise BackupUnusable(f"the backup's wrapping key cannot be opened: {error}") from None


@contextmanager
def _draft(place: Path) -> Iterator[BinaryIO]:
    """Open the directory's draft for this process alone; raise BackupUnusable if another one writes it."""
    path = place / _DRAFT
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, _MODE)
    with os.fdopen(descriptor, "r+b") as file:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupUnusable(f"another process is writing a backup to {place}") from None
        # Another process may have published its draft as the backup since it was opened here.
        if not path.exists() or path.stat().st_ino != os.fstat(descriptor).st_ino:
            raise BackupUnusable(f"another process has just written a backup to {place}")
        os.fchmod(descriptor, _MODE)
        file.truncate(0)
        yield file


def _publish(file: BinaryIO, place: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    (place / _DRAFT).replace(place / NAME)
    private_files.sync_directory(place)
