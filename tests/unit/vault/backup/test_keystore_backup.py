"""The backup's format: what opens, and that nothing damaged, cut, mixed or foreign does."""

import io
import os

import pytest

from services.vault.backup import format
from services.vault.backup.format import BackupUnusable, Header, Writer
from services.vault.root.key import RootKey

LINES = [b'["a",1]', b'["b",2]', b'["c",3]', b'["d",4]']


@pytest.fixture
def root() -> RootKey:
    return RootKey.of(bytearray(os.urandom(32)))


def made(root: RootKey, *, chunks: int = 2, installation: str = "installation1") -> bytes:
    file = io.BytesIO()
    header = Header.new(wrapping_version=3, root_key_id=root.id, installation=installation)
    writer = Writer(file, header, root)
    size = len(LINES) // chunks
    for at in range(0, len(LINES), size):
        writer.chunk(LINES[at : at + size], last=at + size >= len(LINES))
    writer.wipe()
    return file.getvalue()


def opened(data: bytes, root: RootKey) -> list[bytes]:
    file = io.BytesIO(data)
    return list(format.read(file, format.read_header(file), root))


def chunks(data: bytes) -> list[bytes]:
    """Return the header and each chunk."""
    parts, at = [data[:93]], 93
    while at < len(data):
        end = at + 5 + int.from_bytes(data[at : at + 4], "big")
        parts.append(data[at:end])
        at = end
    return parts


def test_what_was_written_is_read_back(root: RootKey) -> None:
    for count in (1, 2, 4):
        data = made(root, chunks=count)
        assert opened(data, root) == LINES
        assert len(chunks(data)) == count + 1
    header = format.read_header(io.BytesIO(data))
    assert (header.wrapping_version, header.root_key_id) == (3, root.id)
    assert header.installation == "installation1"


def test_an_empty_backup_is_one(root: RootKey) -> None:
    file = io.BytesIO()
    header = Header.new(wrapping_version=1, root_key_id=root.id, installation="i")
    Writer(file, header, root).chunk([], last=True)
    assert opened(file.getvalue(), root) == []


@pytest.mark.promise("S04")
def test_every_flipped_bit_of_a_backup_is_found(root: RootKey) -> None:
    data = made(root)
    for bit in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BackupUnusable):
            opened(bytes(flipped), root)


@pytest.mark.promise("S04")
def test_a_backup_that_was_cut_anywhere_is_none(root: RootKey) -> None:
    data = made(root)
    for length in range(len(data)):
        with pytest.raises(BackupUnusable):
            opened(data[:length], root)
    with pytest.raises(BackupUnusable, match="follows its end"):
        opened(data + b"x", root)


@pytest.mark.promise("S03")
def test_chunks_cannot_be_left_out_exchanged_or_mixed(root: RootKey) -> None:
    head, *mine = chunks(made(root, chunks=4))
    theirs = chunks(made(root, chunks=4))[1:]
    for wrong in (
        mine[1:],
        mine[:-1],
        [mine[1], mine[0], *mine[2:]],
        [mine[0], mine[0], *mine[2:]],
        [mine[0], mine[3]],
        [theirs[0], *mine[1:]],
        theirs,
    ):
        with pytest.raises(BackupUnusable, match="damaged"):
            opened(head + b"".join(wrong), root)


def test_a_backup_opens_with_its_root_key_alone(root: RootKey) -> None:
    with pytest.raises(BackupUnusable, match="damaged in chunk 1"):
        opened(made(root), RootKey.of(bytearray(32)))


def test_what_is_no_backup_is_told_as_such(root: RootKey) -> None:
    for data in (b"", b"SMKB", b"x" * 4096):
        with pytest.raises(BackupUnusable, match="not a backup of a key store"):
            opened(data, root)
    newer = bytearray(made(root))
    newer[4] = 2
    with pytest.raises(BackupUnusable, match="has format 2"):
        opened(bytes(newer), root)


def test_nothing_of_the_rows_is_to_be_seen(root: RootKey) -> None:
    data = made(root)
    assert not any(line in data for line in LINES)
