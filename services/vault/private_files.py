"""Files that contain keys: created once, never replaced, and read only if no other user can read them."""

import os
import stat
from pathlib import Path


class FileUnusable(Exception):
    """A key file is missing or unsafe; the text says why and shows none of its content."""


def create(path: Path, content: bytes | bytearray, *, mode: int) -> None:
    """Write a new file, whole or not at all even after a power cut; raise FileExistsError if it exists."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            file.write(content)
            os.fsync(file.fileno())
        # A link, unlike a rename, never replaces an existing file.
        os.link(draft, path)
    finally:
        draft.unlink()
    sync_directory(path.parent)


def read(path: Path, *, length: int, mode: int) -> bytearray:
    """Return the content of a regular file of exactly this length and mode, owned by us and not a symlink.

    Raises FileUnusable.
    """
    content = read_at_most(path, most=length + 1, mode=mode)
    if len(content) != length:
        raise FileUnusable(f"{path} is not {length} bytes long")
    return content


def read_at_most(path: Path, *, most: int, mode: int) -> bytearray:
    """Return up to `most` bytes of a regular file of this mode that we own; raise FileUnusable."""
    descriptor = open_checked(path, os.O_RDONLY, mode=mode)
    try:
        content = bytearray(most)
        with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as file:
            count = file.readinto(content)
        return content[:count]
    finally:
        os.close(descriptor)


def open_checked(path: Path, flags: int, *, mode: int) -> int:
    """Return a descriptor of a regular file of this mode that we own; raise FileUnusable."""
    try:
        # Non-blocking, so that a pipe in its place does not hang the start.
        descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise FileUnusable(f"{path} does not exist") from None
    except OSError as error:
        if path.is_symlink():
            raise FileUnusable(f"{path} is a symbolic link") from None
        raise FileUnusable(f"{path} cannot be opened: {error.strerror}") from None
    found = os.fstat(descriptor)
    problem = None
    if not stat.S_ISREG(found.st_mode):
        problem = "is not a regular file"
    elif found.st_uid != os.geteuid():
        problem = "belongs to another user"
    elif stat.S_IMODE(found.st_mode) != mode:
        problem = f"has mode {stat.S_IMODE(found.st_mode):04o} instead of {mode:04o}"
    if problem:
        os.close(descriptor)
        raise FileUnusable(f"{path} {problem}")
    return descriptor


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
