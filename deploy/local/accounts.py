"""The users that processes run as. Started by root, each part of the stack has a user of its own, without an
account; started by anyone else, all parts run as that person."""

import grp
import json
import os
import pwd
import random
import stat
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.certificates import SERVICES
from deploy.local.errors import CannotStart
from deploy.local.secret_files import private_directory, write_secret
from deploy.local.users import User

UNPRIVILEGED = "nobody"
GATEWAY, PROVIDER = "gateway", "provider"
# New parts come last, so that those of an older state directory keep their numbers.
PARTS = ("postgres", "keystore", "valkey", "s3", *SERVICES, GATEWAY, PROVIDER, "backups")
# Above what `adduser` reaches and below what systemd gives out, and within the 65,536 users that a container
# usually has.
FIRST, LAST, BLOCK = 58000, 59984, 16


@dataclass(frozen=True, slots=True)
class Identities:
    """The users of the parts; none if the launcher is not root."""

    users: Mapping[str, User] = field(default_factory=dict)

    @classmethod
    def ensure(cls, remembered: Path) -> "Identities":
        """The users that the file names, or others if somebody has got an account with one of their numbers.

        Each state directory has its own, so that two stacks on one machine cannot read each other's files.
        """
        if os.geteuid() != 0:
            return cls()
        first = _remembered_first(remembered)
        if first is None or not _are_free(first):
            first = _draw()
            write_secret(remembered, json.dumps({"first": first}))
        return cls({part: User(part, first + place, first + place) for place, part in enumerate(PARTS)})

    def of(self, part: str) -> User | None:
        """The user of a part, or None for the launcher's own."""
        return self.users.get(part)


def with_account() -> User:
    """A user for the one program that insists on an account."""
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise CannotStart(
            f"Postgres refuses to run as root, and there is no user {UNPRIVILEGED!r} to create its files"
        ) from None
    return User(entry.pw_name, entry.pw_uid, entry.pw_gid)


def may_enter(user: User | None, path: Path) -> bool:
    """Whether `user` may traverse `path` and every existing directory above it."""
    if user is None:
        return True
    path = path.resolve()
    return all(
        _allows(user, step, stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        for step in (path, *path.parents)
        if step.is_dir()
    )


def check_reachable(users: Iterable[User], state: Path) -> None:
    """Raise `CannotStart` when one of the users cannot reach the state directory."""
    if not all(may_enter(user, state) for user in users):
        raise CannotStart(
            "as root, each service runs as a user of its own, and these cannot reach the state directory "
            f"{state}: set SMELT_STATE_DIR to a directory outside any home directory, such as /var/lib/smelt"
        )


def check_writable(user: User | None, directory: Path, *, setting: str) -> None:
    """Make the directory that a person named for `user` to write in, or raise `CannotStart` if it cannot."""
    if user is None:
        return
    if not directory.exists():
        directory.mkdir(mode=0o700, parents=True)
        give(directory, user)
    everybody = 0o333
    if not (may_enter(user, directory) and _allows(user, directory, everybody)):
        raise CannotStart(
            f"{setting} names {directory}, where {user.name} cannot write, because it runs as user "
            f"{user.uid}: run `chown {user.uid} {directory}`, or start the stack as an ordinary user"
        )


def give(path: Path, user: User | None) -> None:
    """Make `user` the owner of `path`."""
    if user:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)


def private_room(path: Path, user: User | None) -> Path:
    """`path` as a directory that only `user` may enter; what it holds of an earlier owner changes hands."""
    private_directory(path)
    if user and path.stat().st_uid != user.uid:
        # The directory itself comes last, so that a launcher killed in between begins again.
        for directory, directories, files in os.walk(path, topdown=False):
            for name in (*files, *directories):
                give(Path(directory, name), user)
        give(path, user)
    return path


def _allows(user: User, path: Path, bits: int) -> bool:
    """Whether the user has these rights, given for owner, group and others at once."""
    status = path.stat()
    if status.st_uid == user.uid:
        bits &= stat.S_IRWXU
    # Children run without supplementary groups.
    elif status.st_gid == user.gid:
        bits &= stat.S_IRWXG
    else:
        bits &= stat.S_IRWXO
    return status.st_mode & bits == bits


def _draw() -> int:
    """The first of a block of numbers that neither an account nor a process has."""
    running = set(_running())
    for first in random.sample(range(FIRST, LAST, BLOCK), (LAST - FIRST) // BLOCK):
        if _are_free(first) and running.isdisjoint(range(first, first + BLOCK)):
            return first
    raise CannotStart(f"all user numbers between {FIRST} and {LAST} are in use")


def _are_free(first: int) -> bool:
    return not any(
        _is_known(look_up, number) for number in range(first, first + BLOCK) for look_up in LOOK_UPS
    )


LOOK_UPS: tuple[Callable[[int], object], ...] = (pwd.getpwuid, grp.getgrgid)


def _is_known(look_up: Callable[[int], object], number: int) -> bool:
    try:
        look_up(number)
    except KeyError:
        return False
    return True


def _running() -> Iterable[int]:
    """The users of all processes, where /proc tells."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            yield process.stat().st_uid


def _remembered_first(path: Path) -> int | None:
    try:
        first = json.loads(path.read_text())["first"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return first if isinstance(first, int) and first in range(FIRST, LAST, BLOCK) else None
