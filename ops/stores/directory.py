"""Backups in a directory: on another disk, or on a share."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ops.state import sync_directory
from ops.stores.errors import NoSuchObject, StoreUnavailable
from ops.stores.store import Sink, Stored


@dataclass(frozen=True, slots=True)
class Directory:
    """A store whose objects are files. Names that begin with a dot are drafts of killed processes."""

    root: Path

    @contextmanager
    def writing(self, key: str) -> Iterator[Sink]:
        path = self._path(key)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    yield file
                    file.flush()
                    os.fsync(file.fileno())
                draft.replace(path)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise
            sync_directory(path.parent)
        except OSError as error:
            raise StoreUnavailable(f"{self.root} cannot be written: {error.strerror}") from error

    @contextmanager
    def reading(self, key: str) -> Iterator[BinaryIO]:
        try:
            file = self._path(key).open("rb")
        except FileNotFoundError:
            raise NoSuchObject(key) from None
        except OSError as error:
            raise StoreUnavailable(f"{self.root} cannot be read: {error.strerror}") from error
        with file:
            yield file

    def listed(self, prefix: str) -> Iterator[Stored]:
        if not self.root.is_dir():
            raise StoreUnavailable(f"there is no directory {self.root}")
        start = self.root / prefix.rpartition("/")[0]
        found = []
        for folder, _, names in os.walk(start):
            for name in names:
                path = Path(folder, name)
                key = path.relative_to(self.root).as_posix()
                if key.startswith(prefix) and not name.startswith("."):
                    try:
                        found.append(Stored(key, path.stat().st_size))
                    except FileNotFoundError:
                        continue  # Deleted meanwhile by another process.
        yield from sorted(found, key=lambda stored: stored.key)

    def delete(self, keys: Collection[str]) -> None:
        for key in keys:
            path = self._path(key)
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise StoreUnavailable(f"{self.root} cannot be written: {error.strerror}") from error
            # An empty directory says nothing; one that is not empty stays.
            for folder in path.parents:
                if folder == self.root or not _removed(folder):
                    break

    def _path(self, key: str) -> Path:
        path = self.root / key
        if ".." in Path(key).parts or Path(key).is_absolute():
            raise StoreUnavailable(f"{key!r} is no name of an object")
        return path


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False
    return True
