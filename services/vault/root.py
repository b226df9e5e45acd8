"""The root key: where it comes from, and the id by which an operator finds the right one."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from services.vault import private_files
from services.vault.committing import KEY_BYTES, derive
from services.vault.private_files import FileUnusable
from services.vault.secret import wipe, wiped

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
    """Where the root key is kept. Every method blocks, so a server calls it in a thread."""

    def load(self, wanted: str = "") -> RootKey:
        """Return the key, which the caller wipes; raise RootKeyUnusable.

        While a rotation is under way there are two: `wanted` is the id of the one that the key store names. A
        provider that does not have it returns the one it has, whose id then tells the operator what is wrong.
        """
        ...

    def make_next(self) -> RootKey:
        """Return a new key beside the one in use, durable by now, which the caller wipes.

        A repeated call returns the same key. Raises RootKeyUnusable, also where keys cannot be made.
        """
        ...

    def settle(self, id: str) -> None:
        """Keep the key of this id, which the key store names, and destroy any other; raise RootKeyUnusable.

        Repeating it is harmless.
        """
        ...


@dataclass(frozen=True, slots=True)
class RootKeyFile:
    """A file of 32 random bytes, mode 0400, owned by the vault's user, reached by no symlink."""

    path: Path

    def load(self, wanted: str = "") -> RootKey:
        try:
            found = _read(self.path)
        except RootKeyUnusable:
            # A rotation's last step replaces the file at once, so it is there also when that was cut off.
            if not wanted or (following := self._following(wanted)) is None:
                raise
            return following
        if wanted and found.id != wanted and (following := self._following(wanted)) is not None:
            found.wipe()
            return following
        return found

    def load_or_create(self) -> RootKey:
        """Return the key in the file, made now when there is no file; raise RootKeyUnusable."""
        if not os.path.lexists(self.path):
            _create(self.path)
        return self.load()

    def make_next(self) -> RootKey:
        if not os.path.lexists(self._next):
            _create(self._next)
        return _read(self._next)

    def settle(self, id: str) -> None:
        if not os.path.lexists(self._next):
            return
        if (following := self._following(id)) is not None:
            following.wipe()
            # Replaced at once: at every instant one of the two files holds the key that is wanted.
            self._next.replace(self.path)
        else:
            self.load().wipe()
            self._next.unlink()
        private_files.sync_directory(self.path.parent)

    @property
    def _next(self) -> Path:
        return self.path.with_name(self.path.name + ".next")

    def _following(self, wanted: str) -> RootKey | None:
        """Return the key beside the one in use, if it is the wanted one."""
        if not os.path.lexists(self._next):
            return None
        found = _read(self._next)
        if found.id == wanted:
            return found
        found.wipe()
        return None


def _create(path: Path) -> None:
    with wiped(bytearray(os.urandom(KEY_BYTES))) as key:
        private_files.create(path, key, mode=_MODE)


def _read(path: Path) -> RootKey:
    try:
        return RootKey.of(private_files.read(path, length=KEY_BYTES, mode=_MODE))
    except FileUnusable as error:
        raise RootKeyUnusable(str(error)) from None
