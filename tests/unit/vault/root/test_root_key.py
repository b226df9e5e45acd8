"""Root key and wrapping key files: what is taken, what is refused, and what a crash leaves."""

import os
from pathlib import Path

import pytest

from services.vault.keys.installation import Installation
from services.vault.keys.keyring import CannotUnseal, Keyring, open_keyring
from services.vault.keys.wrapping_file import SLOT_BYTES, Slot, WrappingFile
from services.vault.private_files import FileUnusable
from services.vault.root.key import RootKeyFile, RootKeyUnusable

INSTALLATION = "a" * 26


@pytest.fixture
def root_file(tmp_path: Path) -> RootKeyFile:
    file = RootKeyFile(tmp_path / "root.key")
    file.load_or_create().wipe()
    return file


@pytest.fixture
def wrapping(tmp_path: Path, root_file: RootKeyFile) -> WrappingFile:
    file = WrappingFile(tmp_path / "wrapping.key")
    file.create(slot(root_file, 1))
    return file


def slot(root_file: RootKeyFile, version: int) -> Slot:
    root = root_file.load()
    return Slot.seal(bytearray(os.urandom(32)), root, version=version, installation=INSTALLATION)


def unseal(root_file: RootKeyFile, wrapping: WrappingFile, version: int = 1, minimum: int = 1) -> Keyring:
    return open_keyring(root_file, wrapping, Installation(INSTALLATION, "", version, minimum))


def test_a_root_key_is_made_once_readable_by_its_owner_alone(root_file: RootKeyFile) -> None:
    assert root_file.path.stat().st_mode & 0o7777 == 0o400
    assert root_file.path.stat().st_size == 32
    assert root_file.load().id == root_file.load_or_create().id
    assert [entry.name for entry in root_file.path.parent.iterdir()] == ["root.key"]


@pytest.mark.promise("S08")
@pytest.mark.parametrize("mode", [0o440, 0o404, 0o444, 0o600, 0o644, 0o777])
def test_a_root_key_that_others_could_read_is_refused(root_file: RootKeyFile, mode: int) -> None:
    root_file.path.chmod(mode)
    with pytest.raises(RootKeyUnusable, match="mode"):
        root_file.load()


@pytest.mark.promise("S08")
@pytest.mark.parametrize("length", [0, 1, 31, 33, 64])
def test_a_root_key_of_another_length_is_refused(root_file: RootKeyFile, length: int) -> None:
    root_file.path.unlink()
    root_file.path.write_bytes(os.urandom(length))
    root_file.path.chmod(0o400)
    with pytest.raises(RootKeyUnusable, match="32 bytes"):
        root_file.load()


@pytest.mark.promise("S08")
def test_a_root_key_that_is_missing_or_no_plain_file_is_refused(root_file: RootKeyFile) -> None:
    moved = root_file.path.rename(root_file.path.with_name("moved"))
    with pytest.raises(RootKeyUnusable, match="does not exist"):
        root_file.load()
    root_file.path.symlink_to(moved)
    with pytest.raises(RootKeyUnusable, match="symbolic link"):
        root_file.load()
    with pytest.raises(RootKeyUnusable):
        root_file.load_or_create()
    root_file.path.unlink()
    os.mkfifo(root_file.path, 0o400)
    with pytest.raises(RootKeyUnusable, match="regular file"):
        root_file.load()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_root_key_of_another_user_is_refused(root_file: RootKeyFile) -> None:
    os.chown(root_file.path, 65534, 65534)
    with pytest.raises(RootKeyUnusable, match="another user"):
        root_file.load()


@pytest.mark.promise("S08")
def test_another_root_key_does_not_unseal(
    tmp_path: Path, root_file: RootKeyFile, wrapping: WrappingFile
) -> None:
    other = RootKeyFile(tmp_path / "other.key")
    other.load_or_create().wipe()
    assert unseal(root_file, wrapping).version == 1
    with pytest.raises(CannotUnseal, match="does not open version 1"):
        unseal(other, wrapping)


def test_the_wrapping_key_of_another_installation_does_not_unseal(
    root_file: RootKeyFile, wrapping: WrappingFile
) -> None:
    with pytest.raises(CannotUnseal):
        open_keyring(root_file, wrapping, Installation("b" * 26, "", 1, 1))


def test_both_versions_open_until_the_old_one_is_destroyed(
    root_file: RootKeyFile, wrapping: WrappingFile
) -> None:
    inode = wrapping.path.stat().st_ino
    old = unseal(root_file, wrapping).new_account_key("account", 1)
    wrapping.add(slot(root_file, 2))
    keyring = unseal(root_file, wrapping, 2)
    keyring.open_account_key("account", 1, old)
    (first, _) = wrapping.slots()
    assert first is not None
    wrapping.destroy(first)
    with pytest.raises(CannotUnseal):
        unseal(root_file, wrapping, 1)
    assert unseal(root_file, wrapping, 2).version == 2
    data = wrapping.path.read_bytes()
    assert first.wrapped not in data
    assert wrapping.path.stat().st_ino == inode


def test_a_full_file_takes_no_third_version(root_file: RootKeyFile, wrapping: WrappingFile) -> None:
    wrapping.add(slot(root_file, 2))
    with pytest.raises(ValueError, match="destroyed first"):
        wrapping.add(slot(root_file, 3))
    with pytest.raises(FileExistsError):
        wrapping.create(slot(root_file, 3))


@pytest.mark.parametrize("written", [0, 1, 4, 78, 200, 300, SLOT_BYTES - 1])
def test_a_crash_while_a_version_is_written_loses_nothing(
    root_file: RootKeyFile, wrapping: WrappingFile, written: int
) -> None:
    torn = slot(root_file, 2).encoded()[:written]
    with wrapping.path.open("r+b") as file:
        file.seek(SLOT_BYTES)
        file.write(torn)
    assert unseal(root_file, wrapping).version == 1
    if wrapping.slots()[1] is None:
        wrapping.add(slot(root_file, 2))
    assert unseal(root_file, wrapping, 2).version == 2


def test_a_damaged_wrapping_file_does_not_unseal(root_file: RootKeyFile, wrapping: WrappingFile) -> None:
    data = bytearray(wrapping.path.read_bytes())
    data[100] ^= 1
    wrapping.path.write_bytes(data)
    with pytest.raises(CannotUnseal):
        unseal(root_file, wrapping)
    wrapping.path.write_bytes(data[:-1])
    with pytest.raises(CannotUnseal, match="bytes long"):
        unseal(root_file, wrapping)
    with pytest.raises(FileUnusable):
        wrapping.slots()
