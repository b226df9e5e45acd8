"""Random secrets, and configuration that contains them, in files only their owner can read."""

import os
import secrets
from pathlib import Path

from deploy.local.users import User


def write_secret(path: Path, content: str | bytes, *, mode: int = 0o600, owner: User | None = None) -> None:
    """Replace `path` atomically; at no time can other users read it or see it half written. `owner` is
    the user it is for, if not the launcher itself."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    data = content.encode() if isinstance(content, str) else content
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if owner:
                os.fchown(file.fileno(), owner.uid, owner.gid)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def random_secret(path: Path) -> str:
    """The secret stored in `path`, created from 32 random bytes if there is none yet."""
    if path.exists() and (kept := path.read_text().strip()):
        return kept
    made = secrets.token_urlsafe(32)
    write_secret(path, made)
    return made


def private_directory(path: Path) -> Path:
    """`path` as a directory that only its owner may enter."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path
