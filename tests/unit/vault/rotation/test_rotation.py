"""Rotation of the wrapping key and the root key, with a crash at every step."""

import asyncio
import errno
import os
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from services.common.errors import InvalidRequest
from services.vault.crypto.committing import DoesNotOpen
from services.vault.keys.installation import Installation
from services.vault.keys.keyring import CannotUnseal, Keyring, VersionUnknown, open_keyring
from services.vault.keys.wrapping_file import FileLocked, Slot, WrappingFile
from services.vault.root.key import RootKeyFile
from services.vault.rotation.wrapping import Rotation, RotationRunning, RotationStuck, WrappedKey
from tests.support.patience import PATIENCE_SECONDS

INSTALLATION = "a" * 26
ACCOUNTS = 7


class Killed(BaseException):
    """The process ends here."""


@dataclass(slots=True)
class Crash:
    """Counts steps that outlive the process, and ends it before or after one of them."""

    at: int = -1
    after: bool = False
    steps: int = 0

    def step(self, work: Callable[[], Any]) -> Any:
        number = self.steps
        self.steps += 1
        if number == self.at and not self.after:
            raise Killed
        done = work()
        if number == self.at:
            raise Killed
        return done


@dataclass(slots=True)
class Rows:
    """The key store's rows. What is asked of it is what rotation_sql asks of Postgres."""

    named: Installation
    keys: dict[tuple[str, int | None, str], bytes]
    crash: Crash = field(default_factory=Crash)
    meanwhile: Callable[[], None] = lambda: None

    async def installation(self) -> Installation:
        return self.named

    async def name_version(self, version: int) -> None:
        self._name(wrapping_version=version)

    async def name_root(self, id: str) -> None:
        self._name(root_key_id=id)

    async def outdated(self, version: int, *, after: WrappedKey | None, most: int) -> list[WrappedKey]:
        found = sorted(
            (WrappedKey(*key, wrapped) for key, wrapped in self.keys.items() if named_by(wrapped) != version),
            key=_order,
        )
        return [key for key in found if after is None or _order(key) > _order(after)][:2]

    async def replace(self, version: int, keys: Sequence[WrappedKey]) -> None:
        self.meanwhile()

        def store() -> None:
            for key in keys:
                if self.keys.get((key.owner, key.epoch, key.id)) == key.wrapped:
                    self.keys[key.owner, key.epoch, key.id] = key.rewrapped

        self.crash.step(store)

    async def end(self, version: int) -> bool:
        if any(named_by(wrapped) != version for wrapped in self.keys.values()):
            return False
        self._name(wrapping_minimum=version)
        return True

    def _name(self, **values: Any) -> None:
        def name() -> None:
            self.named = replace(self.named, **values)

        self.crash.step(name)


def _order(key: WrappedKey) -> tuple[bool, str, int, str]:
    return key.epoch is None, key.owner, key.epoch or 0, key.id


def named_by(wrapped: bytes) -> int:
    return int.from_bytes(wrapped[5:9], "big")


class CrashingFile(WrappingFile):
    """The real file, on which a process may end."""

    crash = Crash()

    def _overwrite(self, index: int, content: bytes) -> None:
        self.crash.step(lambda: WrappingFile._overwrite(self, index, content))


class CrashingRoot(RootKeyFile):
    """The real file of the root key, on which a process may end."""

    crash = Crash()

    def make_next(self) -> Any:
        return self.crash.step(lambda: RootKeyFile.make_next(self))

    def settle(self, id: str) -> None:
        self.crash.step(lambda: RootKeyFile.settle(self, id))


@dataclass(slots=True)
class House:
    """A vault's files and rows, as they stand after any crash."""

    rows: Rows
    root: RootKeyFile
    file: WrappingFile
    secrets: dict[tuple[str, int | None, str], bytes]

    def rotation(self, crash: Crash | None = None) -> Rotation:
        crash = crash or Crash()
        self.rows.crash = CrashingFile.crash = CrashingRoot.crash = crash

        async def catch_up() -> None:
            open_keyring(self.root, self.file, self.rows.named).wipe()

        @asynccontextmanager
        async def lock() -> AsyncIterator[Rows]:
            yield self.rows

        return Rotation(
            lock,
            provider=CrashingRoot(self.root.path),
            file=CrashingFile(self.file.path),
            catch_up=catch_up,
        )

    def open(self) -> Keyring:
        return open_keyring(self.root, self.file, self.rows.named)

    def all_open(self) -> bool:
        keyring = self.open()
        for (owner, epoch, id_), wrapped in self.rows.keys.items():
            if epoch is None:
                key = keyring.open_system_key(owner, id_, wrapped)
            else:
                key = keyring.open_account_key(owner, epoch, wrapped).key
            assert bytes(key) == self.secrets[owner, epoch, id_]
        keyring.wipe()
        return True

    def slots(self) -> list[tuple[int, str]]:
        return [(slot.version, slot.root_key_id) for slot in self.file.slots() if slot is not None]


@pytest.fixture
def house(tmp_path: Path) -> House:
    root = RootKeyFile(tmp_path / "root.key")
    root_key = root.load_or_create()
    file = WrappingFile(tmp_path / "wrapping.key")
    file.create(Slot.seal(bytearray(os.urandom(32)), root_key, version=1, installation=INSTALLATION))
    named = Installation(INSTALLATION, root_key.id, 1, 1)
    keyring = open_keyring(root, file, named)
    keys: dict[tuple[str, int | None, str], bytes] = {
        (f"account{n}", 1, ""): keyring.new_account_key(f"account{n}", 1) for n in range(ACCOUNTS)
    }
    secrets = {key: bytes(keyring.open_account_key(key[0], 1, wrapped).key) for key, wrapped in keys.items()}
    secrets["audit", None, "k1"] = os.urandom(32)
    keys["audit", None, "k1"] = keyring.wrap_system_key(
        "audit", "k1", bytearray(secrets["audit", None, "k1"])
    )
    return House(Rows(named, keys), root, file, secrets)


async def steps_of(house: House, work: Callable[[Rotation], Any]) -> int:
    crash = Crash()
    await work(house.rotation(crash))
    return crash.steps


@pytest.mark.promise("S07")
async def test_a_rotated_wrapping_key_opens_everything_and_the_old_one_is_nowhere(house: House) -> None:
    (old_slot, _) = house.file.slots()
    old = house.open()
    before = dict(house.rows.keys)
    named = await house.rotation().wrapping_beyond(1)
    assert (named.wrapping_version, named.wrapping_minimum) == (2, 2)
    assert house.all_open()
    assert house.slots() == [(2, named.root_key_id)]
    assert old_slot is not None
    assert old_slot.wrapped not in house.file.path.read_bytes()
    keyring = house.open()
    for (owner, epoch, _id), wrapped in before.items():
        if epoch is not None:
            with pytest.raises(VersionUnknown):
                keyring.open_account_key(owner, epoch, wrapped)
    assert old.version == 1


async def test_a_repeated_rotation_from_the_same_version_does_nothing(house: House) -> None:
    await house.rotation().wrapping_beyond(1)
    assert await steps_of(house, lambda rotation: rotation.wrapping_beyond(1)) == 1  # it settles the root
    assert house.rows.named.wrapping_version == 2


@pytest.mark.promise("S07")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_killed_at_any_step_a_rotation_leaves_everything_readable(
    house: House, tmp_path: Path, after: bool
) -> None:
    """One house is rotated again and again, each time killed one step later, and finished by someone else."""
    step = 0
    while True:
        version = house.rows.named.wrapping_version
        crash = Crash(step, after)
        try:
            await house.rotation(crash).wrapping_beyond(version)
        except Killed:
            assert house.all_open(), step
        else:
            break
        # What comes next: a start that only finishes, or the operator's repeated call.
        named = await (house.rotation().finish() if step % 2 else house.rotation().wrapping_beyond(version))
        assert house.all_open(), step
        assert named.wrapping_version == named.wrapping_minimum
        assert house.slots() == [(named.wrapping_version, named.root_key_id)]
        step += 1
    assert step >= 8


@pytest.mark.promise("S07")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_killed_at_any_step_a_root_rotation_leaves_everything_readable(
    house: House, after: bool
) -> None:
    step = 0
    while True:
        old = house.rows.named.root_key_id
        try:
            await house.rotation(Crash(step, after)).root_other_than(old)
        except Killed:
            assert house.all_open(), step
        else:
            break
        named = await (house.rotation().finish() if step % 2 else house.rotation().root_other_than(old))
        assert house.all_open(), step
        assert house.slots() == [(named.wrapping_version, named.root_key_id)]
        assert house.root.load().id == named.root_key_id
        assert {each.name for each in house.root.path.parent.iterdir()} == {"root.key", "wrapping.key"}
        step += 1
    assert step >= 6


@pytest.mark.promise("S07")
async def test_a_rotated_root_key_is_another_and_the_old_one_opens_nothing(
    house: House, tmp_path: Path
) -> None:
    old = house.rows.named.root_key_id
    kept = house.root.path.read_bytes()
    keys = dict(house.rows.keys)
    named = await house.rotation().root_other_than(old)
    assert named.root_key_id != old
    assert house.rows.keys == keys
    assert house.all_open()
    assert house.root.path.stat().st_mode & 0o7777 == 0o400
    stolen = tmp_path / "stolen"
    stolen.write_bytes(kept)
    stolen.chmod(0o400)
    with pytest.raises(CannotUnseal):
        open_keyring(RootKeyFile(stolen), house.file, replace(named, root_key_id=old))


async def test_a_version_that_never_was_is_not_rotated_to(house: House) -> None:
    with pytest.raises(InvalidRequest):
        await house.rotation().wrapping_beyond(10**9)
    assert house.rows.named.wrapping_version == 1


async def test_a_key_that_is_destroyed_meanwhile_is_not_brought_back(house: House) -> None:
    def destroy() -> None:
        house.rows.keys.pop(("account6", 1, ""), None)

    house.rows.meanwhile = destroy
    await house.rotation().wrapping_beyond(1)
    assert ("account6", 1, "") not in house.rows.keys
    assert house.all_open()


async def test_a_key_that_does_not_open_stops_the_rotation_before_anything_is_destroyed(house: House) -> None:
    good = house.rows.keys["account3", 1, ""]
    house.rows.keys["account3", 1, ""] = good[:-1] + bytes([good[-1] ^ 1])
    with pytest.raises(RotationStuck, match="1 stored keys do not open"):
        await house.rotation().wrapping_beyond(1)
    assert [version for version, _ in house.slots()] == [1, 2]
    assert house.rows.named.wrapping_minimum == 1
    house.rows.keys["account3", 1, ""] = good
    await house.rotation().finish()
    assert house.all_open()
    assert [version for version, _ in house.slots()] == [2]


async def test_nothing_is_destroyed_for_a_key_store_that_names_another_version(house: House) -> None:
    await house.rotation().wrapping_beyond(1)
    house.rows.named = replace(house.rows.named, wrapping_version=1, wrapping_minimum=1)
    with pytest.raises((RotationStuck, CannotUnseal)):
        await house.rotation().finish()
    assert [version for version, _ in house.slots()] == [2]


async def test_two_processes_do_not_rotate_at_once(house: House) -> None:
    with house.file.locked(), pytest.raises(RotationRunning):
        await house.rotation().wrapping_beyond(1)
    await house.rotation().wrapping_beyond(1)


async def test_a_rotation_that_is_stopped_holds_the_file_until_it_writes_no_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, go_on = threading.Event(), threading.Event()
    write = CrashingFile._overwrite

    def slow(self: CrashingFile, index: int, content: bytes) -> None:
        writing.set()
        assert go_on.wait(PATIENCE_SECONDS)
        write(self, index, content)

    monkeypatch.setattr(CrashingFile, "_overwrite", slow)
    task = asyncio.ensure_future(house.rotation().wrapping_beyond(1))
    await asyncio.to_thread(writing.wait, 10)
    task.cancel()
    await asyncio.sleep(0)
    with pytest.raises(FileLocked), house.file.locked():
        pass
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    with house.file.locked():
        assert house.all_open()


async def test_a_key_file_that_cannot_be_written_stops_the_rotation_and_nothing_else(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: CrashingFile, index: int, content: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(CrashingFile, "_overwrite", full)
    with pytest.raises(RotationStuck, match="No space left"):
        await house.rotation().wrapping_beyond(1)
    assert house.all_open()
    assert house.rows.named.wrapping_version == 1


def test_a_ring_that_is_replaced_forgets_its_old_keys(house: House) -> None:
    ring, newer = house.open(), house.open()
    old = ring._wrapping[1]
    ring.replace(newer)
    assert not any(old)
    wrapped = house.rows.keys["account1", 1, ""]
    assert ring.knows(wrapped)
    assert not ring.knows(wrapped[:5] + b"\0\0\0\7" + wrapped[9:])
    with pytest.raises(DoesNotOpen):
        ring.open_account_key("account2", 1, wrapped)
