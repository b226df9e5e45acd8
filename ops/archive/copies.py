"""Copies of single files of the vault: its key store's sealed backup, and the erasure ledger.

    <name>/<milliseconds>.<size>.<sha256>.zst.age    the copy; the newest counts
    <name>/status.json                               when it was made, and how large the file was

Only the newest copy is kept: an older backup of the key store opens nothing once its wrapping key has
gone, and until then it opens what was erased since.
"""

import hashlib
import io
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

import structlog

from ops.archive.names import SEALED
from ops.archive.objects import Counted, get_json, put_json
from ops.errors import Damaged, OpsError
from ops.sealing import Identity, Recipients
from ops.stores.errors import StoreUnavailable
from ops.stores.store import Store

log: structlog.stdlib.BoundLogger = structlog.get_logger()
KEYSTORE, LEDGER = "keystore", "ledger"
_LOOK_SECONDS = 1.0
_RETRY_SECONDS = 5.0
#: The key store's backup is some hundred bytes for each account; the ledger has a line for each erasure.
_LONGEST = 4 << 30


@dataclass(slots=True)
class Copier:
    """Keeps the archive's copy of one file like the file, a second or so behind it."""

    name: str
    path: Path
    store: Store
    recipients: Recipients
    #: A file that only grows; a shorter one is damage, and does not replace the copy.
    grows: bool
    #: When the file and its copy were last seen to be alike, in Unix seconds.
    alike: float = 0.0
    _seen: tuple[int, int, int] | None = field(default=None)

    def run(self, stopping: threading.Event, *, now: Callable[[], datetime]) -> None:
        """Copy the file whenever it has changed, until stopped."""
        while not stopping.is_set():
            wait = _LOOK_SECONDS
            try:
                self.look(now())
            except (StoreUnavailable, OSError) as error:
                log.error("copy.failed", what=self.name, error=type(error).__name__)
                wait = _RETRY_SECONDS
            stopping.wait(wait)

    def look(self, now: datetime) -> bool:
        """Copy the file if it has changed; return whether it was copied."""
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                seen = (status.st_ino, status.st_size, status.st_mtime_ns)
                if seen == self._seen:
                    self.alike = now.timestamp()
                    return False
                content = file.read(_LONGEST)
        except FileNotFoundError:
            return False  # Nothing was erased yet, or the vault has not made its first backup.
        if self.grows and len(content) < self._known_size():
            log.error("copy.shorter", what=self.name, bytes=len(content))
            return False
        self._put(content, now)
        self._seen = seen
        self.alike = now.timestamp()
        log.info("copy.made", what=self.name, bytes=len(content))
        return True

    def _known_size(self) -> int:
        told = get_json(self.store, f"{self.name}/status.json")
        return int(told["bytes"]) if told else 0

    def _put(self, content: bytes, now: datetime) -> None:
        sealed = io.BytesIO()
        counted = Counted(sealed)
        self.recipients.seal(io.BytesIO(content), counted)
        key = f"{self.name}/{int(now.timestamp() * 1000):016d}.{counted.size}.{counted.digest}{SEALED}"
        with self.store.writing(key) as sink:
            sink.write(sealed.getvalue())
        put_json(self.store, f"{self.name}/status.json", {"time": now.isoformat(), "bytes": len(content)})
        # Names begin with the time, so those before this one are older.
        self.store.delete([each for each in copies(self.store, self.name) if each < key])


def copies(store: Store, name: str) -> list[str]:
    """Return the keys of all copies, oldest first."""
    return [stored.key for stored in store.listed(f"{name}/") if stored.key.endswith(SEALED)]


def fetch(store: Store, identity: Identity, name: str, to: Path) -> bool:
    """Write the newest copy to a new file of mode 0600; return whether there is one. Raises Damaged."""
    found = copies(store, name)
    if not found:
        return False
    key = found[-1]
    with store.reading(key) as source:
        data = source.read()
    _, size, digest = key.rpartition("/")[2].removesuffix(SEALED).split(".")
    if len(data) != int(size) or hashlib.sha256(data).hexdigest() != digest:
        raise Damaged(f"{key} is not what its name says")
    try:
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise OpsError(f"{to} is there already: name a new file") from None
    with os.fdopen(descriptor, "wb") as file:
        identity.open(cast(BinaryIO, io.BytesIO(data)), file, name=key)
    return True


def utc_now() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)
