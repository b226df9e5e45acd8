"""The doors of a running stack: every file of its state, every socket it listens on, and who opens them.

Started by root, each part has a user of its own; started by anyone else, all have that person's. These tests
assert what applies to the person who runs them.
"""

import ipaddress
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.accounts import GATEWAY, PARTS, PROVIDER
from tests.support.proc import tree
from tests.support.sockets import Door, listening
from tests.support.stack import Stack

IS_ROOT = os.geteuid() == 0
# What others may read: the addresses, certificates, and what was copied from the installation.
PUBLIC = re.compile(r"stack\.json|certs(/[a-z]+\.pem)?|(runtime|postgres-copy-[^/]*)(/.*)?")
# Whose each file is, by the longest of these that its path begins with; all others are the launcher's.
OWNERS = {
    "vault": "vault",
    "vault/initialised": "",
    "gateway": GATEWAY,
    "mail": "auth",
    "postgres": "postgres",
    "keystore": "keystore",
    "valkey": "valkey",
    "s3": "s3",
    **{f"secrets/{name}-database.url": name for name in ("auth", "vault", "files", "processor")},
    "secrets/keystore-database.url": "vault",
    "secrets/redis.url": "processor",
    "secrets/valkey.conf": "valkey",
    "secrets/s3-access.key": "files",
    "secrets/s3-secret.key": "files",
    **{f"certs/{name}.key": name for name in ("auth", "vault", "files", "processor")},
    "certs/gateway.key": GATEWAY,
    "certs/edge.key": GATEWAY,
}


def part_of(process: str) -> str:
    """The part that a process of stack.json belongs to."""
    if process.startswith("worker-"):
        return "processor"
    return {"envoy": GATEWAY, "provider": PROVIDER}.get(process, process)


@pytest.fixture(scope="module")
def users(stack: Stack) -> dict[str, int]:
    """The user of each part, and of the launcher under the name ''; from the processes themselves."""
    running = {part_of(name): user_of(pid) for name, pid in stack.pids.items()}
    # This stack makes no backups.
    assert set(running) == set(PARTS) - {"backups"}
    return running | {"": os.geteuid()}


def user_of(pid: int) -> int:
    """The one user that a process is, whichever way it is asked: real, effective, saved, for files."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (uids,) = {line for line in lines if line.startswith("Uid:")}
    (uid,) = set(uids.split()[1:])
    return int(uid)


def walk(stack: Stack) -> Iterator[tuple[str, os.stat_result]]:
    """Every file and directory of the state, by its path in there."""
    for path in sorted(stack.state_dir.rglob("*")):
        # Servers remove files while this looks.
        if path.is_symlink() or not path.exists():
            continue
        yield str(path.relative_to(stack.state_dir)), path.stat()


def owner_of(path: str) -> str:
    place = path
    while place and place not in OWNERS:
        place = place.rpartition("/")[0]
    return OWNERS.get(place, "")


def test_each_part_has_a_user_of_its_own_and_so_have_its_children(
    stack: Stack, users: dict[str, int]
) -> None:
    if IS_ROOT:
        assert len(set(users.values())) == len(users)
    else:
        assert set(users.values()) == {os.geteuid()}
    for name, pid in stack.pids.items():
        for descendant in tree(pid):
            if Path(f"/proc/{descendant}").exists():
                assert user_of(descendant) == users[part_of(name)], name


@pytest.mark.skipif(not IS_ROOT, reason="without root, the person's own groups and rights remain")
def test_no_part_keeps_a_group_or_a_right_of_root(stack: Stack) -> None:
    for name, pid in stack.pids.items():
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        told = dict(line.split(":", 1) for line in lines)
        assert told["Groups"].split() == [], name
        assert set(told["Gid"].split()) == set(told["Uid"].split()), name
        assert int(told["CapEff"], 16) == int(told["CapPrm"], 16) == 0, name


def test_every_file_belongs_to_the_part_that_uses_it(stack: Stack, users: dict[str, int]) -> None:
    wrong = [
        (path, found.st_uid)
        for path, found in walk(stack)
        if not PUBLIC.fullmatch(path) and found.st_uid != users[owner_of(path)]
    ]
    assert wrong == []


def test_no_file_is_open_to_anybody_else(stack: Stack) -> None:
    loose = {path: oct(found.st_mode) for path, found in walk(stack) if not PUBLIC.fullmatch(path)}
    inside_closed_rooms = {path for path in loose if is_inside_a_closed_room(stack, path)}
    open_ones = {
        path: mode
        for path, mode in loose.items()
        if path not in inside_closed_rooms and int(mode, 8) & (0o066 if path == "secrets" else 0o077)
    }
    assert open_ones == {}


def is_inside_a_closed_room(stack: Stack, path: str) -> bool:
    """Whether a directory above the path lets nobody but its owner pass."""
    above = list(Path(path).parents)[:-1]
    return any(not (stack.state_dir / room).stat().st_mode & 0o011 for room in above)


def test_what_others_can_read_they_cannot_write(stack: Stack) -> None:
    for path, found in walk(stack):
        if PUBLIC.fullmatch(path):
            assert (found.st_uid, found.st_mode & 0o022) == (os.geteuid(), 0), path


@pytest.mark.promise("S08")
@pytest.mark.skipif(not IS_ROOT, reason="only root has users to try")
@pytest.mark.parametrize("file", ["root.key", "wrapping.key", "ledger"])
def test_no_other_part_can_open_what_the_vault_holds(stack: Stack, users: dict[str, int], file: str) -> None:
    places = [stack.state_dir / "vault" / file, stack.state_dir / "secrets" / "keystore-database.url"]
    for place in places:
        opened = {part for part in users if part and can_open(place, users[part])}
        assert opened == {"vault"}, place


def can_open(path: Path, uid: int) -> bool:
    """Whether a process of this user opens the file, tried by a child that becomes this user."""
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            os.close(os.open(path, os.O_RDONLY))
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.promise("S50")
def test_every_socket_is_on_loopback_or_private(stack: Stack, users: dict[str, int]) -> None:
    # The vault lets nobody but root look.
    seen = {name: pid for name, pid in stack.pids.items() if IS_ROOT or name != "vault"}
    doors = {name: doors_of(pid) for name, pid in seen.items()}
    launcher = int((stack.state_dir / "launcher.lock").read_text())
    # It holds a port, so that a second launcher takes others, but does not listen.
    assert listening(launcher) == set()
    for name, found in doors.items():
        for door in found:
            if door.family == "unix":
                socket = Path(door.address).stat()
                assert stat.S_IMODE(socket.st_mode) == 0o600, (name, door)
                assert socket.st_uid == users[part_of(name)], (name, door)
            else:
                assert ipaddress.ip_address(door.address).is_loopback, (name, door)
    expected = {
        **dict.fromkeys(("auth", "vault", "files", "processor"), 2),
        **dict.fromkeys(("worker-1", "worker-2", "postgres", "keystore", "valkey", "s3", "provider"), 1),
        # The gateway itself, and the admin interface.
        "envoy": 2,
    }
    assert {name: len(found) for name, found in doors.items()} == {name: expected[name] for name in seen}
    admin = {door.address for door in doors["envoy"] if door.family == "unix"}
    assert admin == {str(stack.state_dir / GATEWAY / "admin.sock")}


def doors_of(pid: int) -> set[Door]:
    return {door for process in tree(pid) for door in listening(process)}


@pytest.mark.promise("S01")
def test_no_environment_and_no_argument_has_the_object_stores_keys(stack: Stack) -> None:
    pair = [(stack.state_dir / "secrets" / f"s3-{half}.key").read_bytes() for half in ("access", "secret")]
    assert (stack.state_dir / "s3" / "key.json").read_bytes().count(pair[1]) == 1
    for name, pid in stack.pids.items():
        for process in tree(pid):
            for what in ("environ", "cmdline"):
                try:
                    content = Path(f"/proc/{process}/{what}").read_bytes()
                except (PermissionError, FileNotFoundError, ProcessLookupError):
                    # The vault lets nobody but root look.
                    continue
                assert not any(half in content for half in pair), name
