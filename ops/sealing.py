"""Compression and encryption of everything in the archive: zstd, then age, for public keys.

The third place where ciphers are imported, beside the vault and `services/common/sealing.py`. Who writes
needs no secret; what was written opens for the identity of restores and for the escrow. age authenticates
every 64 KiB and the end, so what was altered, cut or extended does not open.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import IO, BinaryIO, Protocol, cast

import pyrage
import zstandard

from ops.errors import Damaged, OpsError


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int = -1, /) -> bytes: ...


class Writable(Protocol):
    """Where bytes go."""

    def write(self, data: bytes, /) -> int: ...

    def flush(self) -> None: ...


#: 689 MB/s on one core where it was measured; higher levels cost more than they save on a database's pages.
LEVEL = 1


class Recipients:
    """Public keys, for which everything is sealed."""

    def __init__(self, keys: Sequence[str]) -> None:
        try:
            self._keys = [pyrage.x25519.Recipient.from_str(key) for key in keys]
        except pyrage.RecipientError:
            raise OpsError("SMELT_BACKUP_RECIPIENTS names a key that is none") from None

    def seal(self, source: Readable, sink: Writable) -> None:
        """Read all of `source` and write it to `sink`, compressed and sealed."""
        compressed = zstandard.ZstdCompressor(level=LEVEL).stream_reader(cast(IO[bytes], source))
        pyrage.encrypt_io(compressed, sink, self._keys)


class Identity:
    """A secret identity; it opens what was sealed for its public key."""

    def __init__(self, path: Path) -> None:
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise OpsError(f"the identity {path} cannot be read: {error.strerror}") from None
        lines = [line.strip() for line in text.splitlines() if line.startswith("AGE-SECRET-KEY-")]
        try:
            self._keys = [pyrage.x25519.Identity.from_str(line) for line in lines]
        except pyrage.IdentityError:
            self._keys = []
        if not self._keys:
            raise OpsError(f"{path} holds no identity: it needs a line that begins with AGE-SECRET-KEY-")

    def open(self, source: BinaryIO, sink: Writable, *, name: str) -> None:
        """Write what `source` holds to `sink`; raise Damaged naming it if it is not whole, or for others."""
        expanded = zstandard.ZstdDecompressor().stream_writer(cast(IO[bytes], sink), closefd=False)
        try:
            pyrage.decrypt_io(source, expanded, self._keys)
            expanded.flush()  # type: ignore[no-untyped-call]
        except pyrage.DecryptError as error:
            if "No matching keys" in str(error):
                raise Damaged(f"{name} was sealed for other identities than the one given") from None
            raise Damaged(f"{name} is damaged: it does not open") from None
        except OSError as error:
            if error.errno is not None:
                raise  # The disk's own: full, or gone.
            raise Damaged(f"{name} is damaged: it does not open") from None
        except zstandard.ZstdError:
            raise Damaged(f"{name} is damaged: it does not expand") from None


def new_identity() -> tuple[str, str]:
    """Return a new secret identity and its public key."""
    made = pyrage.x25519.Identity.generate()
    return str(made), str(made.to_public())
