"""The root key, the providers that keep it, and the id by which an operator finds the right one."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

from services.vault import private_files
from services.vault.crypto.committing import KEY_BYTES, derive
from services.vault.crypto.secret import wipe
from services.vault.private_files import FileUnusable

_ID_BYTES = 8
_ID_LABEL = b"smelt/root-key-id/v1"
#: Only the vault's user may read the file, and nobody may write it.
ROOT_FILE_MODE = 0o400


class RootKeyUnusable(Exception):
    """The root key cannot be read or written; the text says why."""


@dataclass(frozen=True, slots=True)
class RootKey:
    """A root key, opened. Its id is a one-way derivation of it, so a wrong key cannot have the right id."""

    id: str
    key: bytearray = field(repr=False)

    @classmethod
    def of(cls, key: bytearray) -> "RootKey":
        return cls("root-" + derive(key, info=_ID_LABEL, length=_ID_BYTES).hex(), key)

    def wipe(self) -> None:
        wipe(self.key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()


class RootProvider(Protocol):
    """Keeps the root key. Every method blocks, so a server calls it in a thread."""

    def load(self, wanted: str = "") -> RootKey:
        """Return the key, which the caller wipes; raise RootKeyUnusable.

        During a rotation there are two keys: `wanted` is the id of the one that the key store names. A
        provider without it returns the one it has, whose id then shows the operator what is wrong.
        """
        ...

    def make_next(self) -> RootKey:
        """Return a new key beside the one in use; it is durable, and the caller wipes it.

        A repeated call returns the same key. Raises RootKeyUnusable, also if the provider cannot create keys.
        """
        ...

    def settle(self, id: str) -> None:
        """Keep the key with this id, which the key store names, and destroy any other.

        It can be repeated. Raises RootKeyUnusable.
        """
        ...

    def load_or_create(self) -> RootKey:
        """Return the key, and create it first if there never was one; raise RootKeyUnusable."""
        ...

    def restore(self, key: bytearray) -> None:
        """Store a key that was written down; raise RootKeyUnusable if there is one already."""
        ...


class RootFileForm(Protocol):
    """The form of a root key in its file. Each method raises RootKeyUnusable."""

    def made(self) -> bytes | bytearray:
        """Return the content of a file that holds a new key."""
        ...

    def holding(self, key: bytearray) -> bytes | bytearray:
        """Return the content of a file that holds this key."""
        ...

    def read(self, path: Path) -> RootKey:
        """Return the key in a file."""
        ...


class Bare:
    """The key itself: 32 random bytes."""

    def made(self) -> bytearray:
        return bytearray(os.urandom(KEY_BYTES))

    def holding(self, key: bytearray) -> bytearray:
        return bytearray(key)

    def read(self, path: Path) -> RootKey:
        try:
            return RootKey.of(private_files.read(path, length=KEY_BYTES, mode=ROOT_FILE_MODE))
        except FileUnusable as error:
            raise RootKeyUnusable(str(error)) from None


@dataclass(frozen=True, slots=True)
class RootKeyFile:
    """A file of mode 0400 that the vault's user owns and that is not a symlink."""

    path: Path
    form: RootFileForm = field(default_factory=Bare)

    def load(self, wanted: str = "") -> RootKey:
        try:
            found = self.form.read(self.path)
        except RootKeyUnusable:
            # A rotation that was interrupted may have left the wanted key beside this file.
            if not wanted or (following := self._following(wanted)) is None:
                raise
            return following
        if wanted and found.id != wanted and (following := self._following(wanted)) is not None:
            found.wipe()
            return following
        return found

    def load_or_create(self) -> RootKey:
        """Return the key in the file, which is created if it does not exist; raise RootKeyUnusable."""
        if not os.path.lexists(self.path):
            self._keep(self.path, self.form.made())
        return self.load()

    def restore(self, key: bytearray) -> None:
        self._keep(self.path, self.form.holding(key))

    def make_next(self) -> RootKey:
        if not os.path.lexists(self._next):
            self._keep(self._next, self.form.made())
        return self.form.read(self._next)

    def settle(self, id: str) -> None:
        if not os.path.lexists(self._next):
            return
        if (following := self._following(id)) is not None:
            following.wipe()
            # The rename is atomic: at every instant one of the two files contains the wanted key.
            self._next.replace(self.path)
        else:
            self.load().wipe()
            self._next.unlink()
        private_files.sync_directory(self.path.parent)

    @property
    def _next(self) -> Path:
        return self.path.with_name(self.path.name + ".next")

    def _following(self, wanted: str) -> RootKey | None:
        """Return the key beside the one in use if it is the wanted one."""
        if not os.path.lexists(self._next):
            return None
        found = self.form.read(self._next)
        if found.id == wanted:
            return found
        found.wipe()
        return None

    def _keep(self, path: Path, content: bytes | bytearray) -> None:
        try:
            private_files.create(path, content, mode=ROOT_FILE_MODE)
        except FileExistsError:
            raise RootKeyUnusable(f"{path} exists already and is never overwritten") from None
        except OSError as error:
            raise RootKeyUnusable(f"{path} cannot be written: {error.strerror}") from None
        finally:
            if isinstance(content, bytearray):
                wipe(content)
