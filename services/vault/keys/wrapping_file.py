"""The wrapping key's only place: a file of two slots that are overwritten in place.

Account keys are wrapped under the wrapping key, so destroying an old version of it makes old copies of the
key store worthless. Replacing the file by a rename would leave the old blocks on the disk. So a new version
is written into the free slot and made durable before anything depends on it, and only then is the old slot
overwritten. A crash at any instant leaves one whole slot; a torn slot is recognised by its digest.

Slot: `magic "SMWF" | version u64 | root key id 32 | installation 32 | length u16 | wrapped key | SHA-256`,
then zeros.
"""

import fcntl
import hashlib
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.vault import private_files
from services.vault.crypto import key_wrap
from services.vault.crypto.binding import Binding
from services.vault.crypto.committing import DoesNotOpen
from services.vault.root.key import RootKey

MAGIC = b"SMWF"
SLOT_BYTES = 4096
SLOTS = 2
_HEAD = struct.Struct(">4sQ32s32sH")
_DIGEST_BYTES = 32
_MODE = 0o600


@dataclass(frozen=True, slots=True)
class Slot:
    """One version of the wrapping key, sealed under a root key."""

    version: int
    root_key_id: str
    installation: str
    wrapped: bytes

    @classmethod
    def seal(cls, key: bytearray, root: RootKey, *, version: int, installation: str) -> "Slot":
        wrapped = key_wrap.wrap(key, root.key, _binding(installation, root.id, version), epoch=version)
        return cls(version, root.id, installation, wrapped)

    def open(self, root: RootKey) -> bytearray:
        """Return the wrapping key; raise DoesNotOpen if the slot is damaged or under another root key."""
        if root.id != self.root_key_id:
            raise DoesNotOpen
        binding = _binding(self.installation, self.root_key_id, self.version)
        return key_wrap.unwrap(self.wrapped, root.key, binding, epoch=self.version)

    def encoded(self) -> bytes:
        head = _HEAD.pack(
            MAGIC,
            self.version,
            self.root_key_id.encode(),
            self.installation.encode(),
            len(self.wrapped),
        )
        content = head + self.wrapped
        return (content + hashlib.sha256(content).digest()).ljust(SLOT_BYTES, b"\0")

    @classmethod
    def decoded(cls, data: bytes) -> "Slot | None":
        """Return the slot in the bytes; None if it is free or torn."""
        magic, version, root_key_id, installation, length = _HEAD.unpack_from(data)
        end = _HEAD.size + length
        if magic != MAGIC or end + _DIGEST_BYTES > len(data):
            return None
        if hashlib.sha256(data[:end]).digest() != data[end : end + _DIGEST_BYTES]:
            return None
        return cls(
            version,
            root_key_id.rstrip(b"\0").decode("ascii", "replace"),
            installation.rstrip(b"\0").decode("ascii", "replace"),
            data[_HEAD.size : end],
        )


class FileLocked(Exception):
    """Another process is changing the file."""


@dataclass(frozen=True, slots=True)
class WrappingFile:
    """The file at `path`."""

    path: Path

    def exists(self) -> bool:
        return os.path.lexists(self.path)

    def create(self, slot: Slot) -> None:
        """Create the file with its first slot; raise FileExistsError if it exists."""
        private_files.create(self.path, slot.encoded() + bytes(SLOT_BYTES), mode=_MODE)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from changing the file; raise FileLocked, FileUnusable.

        The key store's lock alone is not enough: a process that was frozen may have lost it, and would
        continue to write when it wakes up.
        """
        descriptor = private_files.open_checked(self.path, os.O_RDWR, mode=_MODE)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FileLocked from None
            yield
        finally:
            os.close(descriptor)

    def slots(self) -> list[Slot | None]:
        """Return both slots; raise FileUnusable."""
        data = bytes(private_files.read(self.path, length=SLOT_BYTES * SLOTS, mode=_MODE))
        return [Slot.decoded(data[at : at + SLOT_BYTES]) for at in range(0, len(data), SLOT_BYTES)]

    def add(self, slot: Slot) -> None:
        """Write into the free slot, durably; raise ValueError if both are in use."""
        slots = self.slots()
        if None not in slots:
            raise ValueError("an old version must be destroyed first")
        self._overwrite(slots.index(None), slot.encoded())

    def destroy(self, slot: Slot) -> None:
        """Overwrite a slot with zeros, durably; a slot that does not exist is destroyed already."""
        slots = self.slots()
        if slot in slots:
            self._overwrite(slots.index(slot), bytes(SLOT_BYTES))

    def _overwrite(self, index: int, content: bytes) -> None:
        descriptor = private_files.open_checked(self.path, os.O_WRONLY, mode=_MODE)
        try:
            os.pwrite(descriptor, content, index * SLOT_BYTES)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _binding(installation: str, root_key_id: str, version: int) -> Binding:
    return Binding(installation, "wrapping-key", "", root_key_id, version)
