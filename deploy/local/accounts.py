"""The user that runs Postgres. It refuses to run as root, so for root it runs as `nobody`, which must be
able to reach its files."""

import os
import pwd
import stat
from pathlib import Path

from deploy.local.errors import CannotStart
from deploy.local.processes import User

UNPRIVILEGED = "nobody"


def postgres_user() -> User | None:
    """The user for Postgres, or None if it can run as the launcher's own user."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise CannotStart(
            f"Postgres refuses to run as root, and there is no user {UNPRIVILEGED!r} to run it as"
        ) from None
    return User(entry.pw_name, entry.pw_uid, entry.pw_gid)


def may_enter(user: User | None, path: Path) -> bool:
    """Whether `user` may traverse `path` and every existing directory above it."""
    if user is None:
        return True
    path = path.resolve()
    return all(_may_search(user, step) for step in (path, *path.parents) if step.is_dir())


def check_reachable(user: User | None, state: Path) -> None:
    """Raise `CannotStart` when the user for Postgres cannot reach the state directory."""
    if user and not may_enter(user, state):
        raise CannotStart(
            f"the user {user.name}, which runs Postgres for root, cannot reach the state directory {state}: "
            "set SMELT_STATE_DIR to a directory outside any home directory, such as /var/lib/smelt"
        )


def give(path: Path, user: User | None) -> None:
    """Make `user` the owner of `path`."""
    if user:
        os.chown(path, user.uid, user.gid)


def _may_search(user: User, directory: Path) -> bool:
    status = directory.stat()
    if status.st_uid == user.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    # Children run without supplementary groups.
    if status.st_gid == user.gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
