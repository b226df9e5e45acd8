"""The users that the parts of a stack get from root, and the code that these can reach."""

import json
import os
import stat
from pathlib import Path

import pytest

from deploy.local import accounts, runtime
from deploy.local.accounts import BLOCK, FIRST, LAST, PARTS, Identities
from deploy.local.errors import CannotStart
from deploy.local.runtime import ROOT, Runtime, reachable
from deploy.local.users import User

STRANGER = User("vault", 58001, 58001)
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)


def test_an_ordinary_person_runs_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    made = Identities.ensure(tmp_path / "identities.json")
    assert [made.of(part) for part in PARTS] == [None] * len(PARTS)
    assert not (tmp_path / "identities.json").exists()


@pytest.mark.usefixtures("as_root")
def test_root_gives_each_part_a_user_of_its_own_and_keeps_to_it(tmp_path: Path) -> None:
    file = tmp_path / "identities.json"
    made = Identities.ensure(file)
    numbers = [user.uid for user in made.users.values()]
    assert len(set(numbers)) == len(PARTS) <= BLOCK
    assert min(numbers) >= FIRST and max(numbers) < LAST + BLOCK
    assert [user.gid for user in made.users.values()] == numbers
    assert Identities.ensure(file) == made


@pytest.mark.usefixtures("as_root")
@pytest.mark.parametrize("content", ["", "[]", '{"first": 0}', '{"first": "root"}'])
def test_numbers_outside_the_range_are_not_taken(tmp_path: Path, content: str) -> None:
    (tmp_path / "identities.json").write_text(content)
    assert min(user.uid for user in Identities.ensure(tmp_path / "identities.json").users.values()) >= FIRST


@pytest.mark.usefixtures("as_root")
def test_a_number_that_somebody_has_got_since_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "identities.json"
    first = Identities.ensure(file).users["postgres"].uid
    monkeypatch.setattr(accounts, "_is_known", lambda look_up, number: number == first + 3)
    assert Identities.ensure(file).users["postgres"].uid != first
    assert json.loads(file.read_text())["first"] != first


@only_root
def test_what_an_earlier_owner_left_changes_hands(tmp_path: Path) -> None:
    room = tmp_path / "vault"
    (room / "ledger").mkdir(parents=True)
    (room / "ledger" / "1").touch()
    (room / "link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").touch()
    accounts.private_room(room, STRANGER)
    assert stat.S_IMODE(room.stat().st_mode) == 0o700
    assert {path.lstat().st_uid for path in (room, *room.rglob("*"))} == {STRANGER.uid}
    assert (tmp_path / "elsewhere").stat().st_uid == 0


@only_root
def test_a_directory_in_which_a_service_cannot_write_is_named_with_the_remedy(tmp_path: Path) -> None:
    named = tmp_path / "mails"
    named.mkdir(mode=0o700)
    with pytest.raises(CannotStart, match=rf"SMELT_MAIL_DIR names .*chown 58001 {named}"):
        accounts.check_writable(STRANGER, named, setting="SMELT_MAIL_DIR")
    accounts.check_writable(None, named, setting="SMELT_MAIL_DIR")


def test_the_installation_itself_is_used_where_all_may_enter_it(tmp_path: Path) -> None:
    assert reachable([], tmp_path) == Runtime()
    assert not list(tmp_path.iterdir())


def test_what_users_cannot_enter_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "may_enter", lambda user, path: not path.is_relative_to(ROOT))
    monkeypatch.setattr(runtime, "_link_tree", lambda source, target, without=(): target.mkdir(parents=True))
    made = reachable([STRANGER], tmp_path / "runtime")
    assert made.code == tmp_path / "runtime" / "code"
    assert (made.code / "services" / "vault" / "__main__.py").read_bytes() == (
        ROOT / "services" / "vault" / "__main__.py"
    ).read_bytes()
    assert (made.code / "gen" / "smelt.binpb").exists()
    assert made.environment()["PYTHONPATH"].split(os.pathsep) == [str(made.code), str(made.code / "gen")]
    for path in made.code.rglob("*.py"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_file_that_not_everybody_may_read_is_copied_and_no_other(tmp_path: Path) -> None:
    for name, mode in (("shared", 0o644), ("private", 0o600), ("program", 0o700)):
        (tmp_path / name).write_text(name)
        (tmp_path / name).chmod(mode)
        runtime._link(tmp_path / name, tmp_path / f"{name}-copy")
    assert (tmp_path / "shared-copy").samefile(tmp_path / "shared")
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "private-copy").stat().st_mode) == 0o644
    assert stat.S_IMODE((tmp_path / "program-copy").stat().st_mode) == 0o755


def test_a_copied_program_finds_its_library_beside_it() -> None:
    program = b"\x7fELF...\0/root/.pyenv/versions/3.11.7/lib\0/root/.pyenv/versions/3.11.7/lib64\0..."
    moved = runtime._with_library_beside(program, Path("/root/.pyenv/versions/3.11.7/lib"))
    assert len(moved) == len(program)
    assert moved.split(b"\0")[1] == b"$ORIGIN/../lib"
    assert b"/root/.pyenv/versions/3.11.7/lib64\0" in moved
