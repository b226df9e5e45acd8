"""The format of the key store's backup: rows sealed under a key derived from the root key.

`magic "SMKB" | format u8 | wrapping version u64 | root key id 32 | installation 32 | backup id 16`, then
chunks of `length u32 | last u8 | salt 32 | commitment 32 | nonce 12 | ciphertext | tag 16`.

Each chunk is sealed (committing.py) under HKDF-SHA-256 of the root key with the header's installation, and
bound to the whole header, its number and whether it is the last. So chunks of two backups cannot be mixed,
moved or left out, and a backup that was cut off is refused. The content is one line of JSON per row: first
the schema's version and the time, then `[table, row]`, where bytes are base64 and times ISO 8601.

Account keys in a backup are wrapped under the wrapping key of the header's version, which is not in the
backup. Once that version is destroyed, the backup opens nothing.
"""

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Self

from services.vault.crypto import committing
from services.vault.crypto.committing import DoesNotOpen, derive
from services.vault.crypto.secret import wipe, wiped
from services.vault.root.key import RootKey

MAGIC = b"SMKB"
FORMAT = 1
CHUNK_BYTES = 1 << 20
_HEADER = struct.Struct(">4sBQ32s32s16s")
_CHUNK = struct.Struct(">IB")
_KEY_LABEL = b"smelt/keystore-backup-key/v1"
_LABEL = b"smelt/keystore-backup/v1"
_LONGEST_CHUNK = 2 * CHUNK_BYTES


class BackupUnusable(Exception):
    """The backup cannot be made or restored; the text is a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a backup shows without being opened: the keys that it needs."""

    wrapping_version: int
    root_key_id: str
    installation: str
    id: bytes

    @classmethod
    def new(cls, *, wrapping_version: int, root_key_id: str, installation: str) -> "Header":
        return cls(wrapping_version, root_key_id, installation, os.urandom(16))

    def encoded(self) -> bytes:
        return _HEADER.pack(
            MAGIC,
            FORMAT,
            self.wrapping_version,
            self.root_key_id.encode(),
            self.installation.encode(),
            self.id,
        )


def read_header(file: BinaryIO) -> Header:
    """Return a backup's header; raise BackupUnusable if the file is not a backup."""
    data = file.read(_HEADER.size)
    if len(data) < _HEADER.size:
        raise BackupUnusable("the file is not a backup of a key store")
    magic, format_, version, root_key_id, installation, id_ = _HEADER.unpack(data)
    if magic != MAGIC:
        raise BackupUnusable("the file is not a backup of a key store")
    if format_ != FORMAT:
        raise BackupUnusable(
            f"the backup has format {format_}, which this version of the program cannot read"
        )
    return Header(version, _name(root_key_id), _name(installation), id_)


class Writer:
    """Writes a backup into a file, chunk by chunk. Only the last chunk makes it complete."""

    def __init__(self, file: BinaryIO, header: Header, root: RootKey) -> None:
        self._file = file
        self._header = header
        self._key = _key(root, header)
        self._number = 0
        file.write(header.encoded())

    def chunk(self, lines: Sequence[bytes], *, last: bool = False) -> None:
        """Add lines (without their ends), about CHUNK_BYTES at a time."""
        with wiped(bytearray().join(line + b"\n" for line in lines)) as plain:
            context = _context(self._header, self._number, last=last)
            sealed = committing.seal(self._key, plain, label=_LABEL, context=context)
        self._file.write(_CHUNK.pack(len(sealed), last) + sealed)
        self._number += 1

    def wipe(self) -> None:
        """Forget the key."""
        wipe(self._key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()


def read(file: BinaryIO, header: Header, root: RootKey) -> Iterator[bytes]:
    """Yield the lines after the header; raise BackupUnusable if a chunk is damaged or missing.

    Each line is yielded only after its chunk was verified; that none is missing is known only at the end.
    """
    with wiped(_key(root, header)) as key:
        number, last = 0, False
        while not last:
            head = file.read(_CHUNK.size)
            if len(head) < _CHUNK.size:
                raise BackupUnusable(f"the backup is damaged: it is cut off at chunk {number + 1}")
            length, flag = _CHUNK.unpack(head)
            last = flag == 1
            sealed = file.read(min(length, _LONGEST_CHUNK))
            try:
                if len(sealed) != length or flag not in (0, 1):
                    raise DoesNotOpen
                context = _context(header, number, last=last)
                with wiped(committing.open_sealed(key, sealed, label=_LABEL, context=context)) as plain:
                    yield from bytes(plain).splitlines()
            except DoesNotOpen:
                raise BackupUnusable(f"the backup is damaged in chunk {number + 1}") from None
            number += 1
        if file.read(1):
            raise BackupUnusable("the backup is damaged: something follows its end")


def _name(padded: bytes) -> str:
    return padded.rstrip(b"\0").decode("ascii", "replace")


def _key(root: RootKey, header: Header) -> bytearray:
    return derive(root.key, info=_KEY_LABEL + header.installation.encode())


def _context(header: Header, number: int, *, last: bool) -> bytes:
    return header.encoded() + struct.pack(">QB", number, last)
