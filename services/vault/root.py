"""The root key: where it comes from, and the id by which an operator finds the right one."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from services.vault import private_files
from services.vault.committing import KEY_BYTES, derive
from services.vault.private_files import FileUnusable
from services.vault.secret import wipe

_ID_BYTES = 8
_ID_LABEL = b"smelt/root-key-id/v1"
_MODE = 0o400


class RootKeyUnusable(Exception):
    """There is no root key to be had; the text says why."""


@dataclass(frozen=True, slots=True)
class RootKey:
    """A root key, opened. Its id is derived from it one way, so that no wrong key can carry the right id."""

    id: str
    key: bytearray = field(repr=False)

    @classmethod
    def of(cls, key: bytearray) -> "RootKey":
        return cls("root-" + derive(key, info=_ID_LABEL, length=_ID_BYTES).hex(), key)

    def wipe(self) -> None:
        wipe(self.key)


class RootProvider(Protocol):
    """Where the root key is kept."""

    def load(self) -> RootKey:
        """Return the key, which the caller wipes; raise RootKeyUnusable."""
        ...


@dataclass(frozen=True, slots=True)
class RootKeyFile:
    """A file of 32 random bytes, mode 0400, owned by the vault's user, reached by no symlink."""

    path: Path

    def load(self) -> RootKey:
        try:
            return RootKey.of(private_files.read(self.path, length=KEY_BYTES, mode=_MODE))
        except FileUnusable as error:
            raise RootKeyUnusable(str(error)) from None

    def load_or_create(self) -> RootKey:
        """Return the key in the file, made now when there is no file; raise RootKeyUnusable."""
        if not os.path.lexists(self.path):
            key = bytearray(os.urandom(KEY_BYTES))
            private_files.create(self.path, key, mode=_MODE)
            wipe(key)
        return self.load()
