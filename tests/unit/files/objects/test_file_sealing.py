"""The sealed file: Tink reads what we write and the other way round, and every change is noticed."""

import hashlib
import io
import os
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.common import sealing
from services.common.sealing import FIRST_SEGMENT, FULL_SEGMENT, SEGMENT, FileOpener, SealBroken
from tests.unit.files.sealing_tools import FILE_HEADER, Kept, seal, tink_primitive, unseal

KEY = bytes(range(32))
WHAT = sealing.fields("file", "account", "files/abc", 1)
EDGES = [
    edge + near
    for edge in (FIRST_SEGMENT, FIRST_SEGMENT + FULL_SEGMENT, FIRST_SEGMENT + 2 * FULL_SEGMENT)
    for near in (-1, 0, 1)
]


def body_key_of(sealed: bytes) -> bytes:
    derived = HKDF(hashes.SHA256(), 64, sealed[5:37], b"smelt/file/v1" + WHAT).derive(KEY)
    assert sealed[37:69] == derived[32:]
    return derived[:32]


@pytest.mark.promise("S31")
@pytest.mark.parametrize("size", [0, 1, 15, 16, 4096, *EDGES])
def test_what_we_seal_opens_for_us_and_for_tink(size: int) -> None:
    plaintext = os.urandom(size)
    sealed = seal(KEY, WHAT, plaintext)
    assert len(sealed) == sealing.sealed_size(size)
    assert unseal(KEY, WHAT, sealed, size) == plaintext
    primitive = tink_primitive(body_key_of(sealed))
    with primitive.new_decrypting_stream(io.BytesIO(sealed[69:]), WHAT) as stream:
        assert stream.read() == plaintext


@pytest.mark.parametrize("size", [0, 1, *EDGES])
def test_what_tink_seals_opens_for_us(size: int) -> None:
    plaintext = os.urandom(size)
    header = seal(KEY, WHAT, b"")[:69]
    body = Kept()
    with tink_primitive(body_key_of(header)).new_encrypting_stream(body, WHAT) as stream:
        stream.write(plaintext)
    assert unseal(KEY, WHAT, header + body.kept, size) == plaintext


def _always(count: int) -> bytes:
    return b"r" * count


@pytest.mark.parametrize("step", [1, 7, 1000, FIRST_SEGMENT, SEGMENT, 10 * SEGMENT])
def test_the_size_of_the_pieces_written_changes_nothing(step: int) -> None:
    plaintext = os.urandom(5000 if step < 100 else 3 * SEGMENT)
    assert seal(KEY, WHAT, plaintext, step=step, random=_always) == seal(KEY, WHAT, plaintext, random=_always)


def test_the_format_is_the_published_one() -> None:
    """A golden vector: a change of any byte here would make stored files unreadable."""
    sealed = seal(KEY, WHAT, b"a,b\n" * 100_000, random=lambda count: bytes(range(count)))
    assert sealed[:5] == b"SMF1\x01"
    assert sealed[69] == 40
    assert (
        hashlib.sha256(sealed[:FILE_HEADER]).hexdigest()
        == "c37b20d1b3dccd6f1e04fe295b4d35abd1abec5bc9c24970f479a7db58b3c8ad"
    )
    assert (
        hashlib.sha256(sealed).hexdigest()
        == "433c6b11ae829db261b2b3f281c579f153ab2491f90cf253434ee796d04f51d7"
    )


@pytest.mark.promise("S04", "S05")
def test_every_flipped_byte_of_header_and_tags_is_noticed() -> None:
    plaintext = os.urandom(300_000)
    sealed = bytearray(seal(KEY, WHAT, plaintext))
    first_tag = range(69 + SEGMENT - 16, 69 + SEGMENT)
    for place in [*range(FILE_HEADER + 4), *first_tag, *range(len(sealed) - 20, len(sealed))]:
        sealed[place] ^= 0x10
        with pytest.raises(SealBroken):
            unseal(KEY, WHAT, bytes(sealed), len(plaintext))
        sealed[place] ^= 0x10
    assert unseal(KEY, WHAT, bytes(sealed), len(plaintext)) == plaintext


def swapped(sealed: bytes) -> bytes:
    one, two, three = 69 + SEGMENT, 69 + 2 * SEGMENT, 69 + 3 * SEGMENT
    return sealed[:one] + sealed[two:three] + sealed[one:two] + sealed[three:]


@pytest.mark.promise("S32")
@pytest.mark.parametrize(
    "change",
    [
        swapped,
        lambda sealed: sealed[: 69 + SEGMENT] + sealed[69 + 2 * SEGMENT :],
        lambda sealed: sealed[: 69 + 3 * SEGMENT],
        lambda sealed: sealed[:-1],
        lambda sealed: sealed[:FILE_HEADER],
    ],
    ids=["swapped", "middle dropped", "cut at a segment edge", "cut by a byte", "header only"],
)
def test_segments_cannot_be_moved_or_cut(change: Callable[[bytes], bytes]) -> None:
    plaintext = os.urandom(3 * SEGMENT + 5)
    with pytest.raises(SealBroken):
        unseal(KEY, WHAT, change(seal(KEY, WHAT, plaintext)), len(plaintext))


@pytest.mark.promise("S32")
@pytest.mark.parametrize("believed", [0, FIRST_SEGMENT, 3 * SEGMENT - 1, 3 * SEGMENT + 1, 9 * SEGMENT])
def test_a_length_other_than_the_true_one_is_noticed(believed: int) -> None:
    sealed = seal(KEY, WHAT, bytes(3 * SEGMENT))
    with pytest.raises(SealBroken):
        unseal(KEY, WHAT, sealed + bytes(believed), believed)


@pytest.mark.promise("S03")
def test_a_file_opens_only_as_what_it_is() -> None:
    sealed = seal(KEY, WHAT, b"x")
    for other in (sealing.fields("file", "account", "files/abc", 2), WHAT + b"x", b""):
        with pytest.raises(SealBroken):
            unseal(KEY, other, sealed, 1)
    with pytest.raises(SealBroken):
        unseal(os.urandom(32), WHAT, sealed, 1)


def test_fields_keep_their_borders() -> None:
    assert sealing.fields("ab", "c") != sealing.fields("a", "bc")
    assert sealing.fields("a", "") != sealing.fields("a")
    assert sealing.fields(1, b"x") == b"\0\0\0\x011\0\0\0\x01x"


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        (0, 0, []),
        (0, 1, [0]),
        (FIRST_SEGMENT - 1, FIRST_SEGMENT, [0]),
        (FIRST_SEGMENT - 1, FIRST_SEGMENT + 1, [0, 1]),
        (FIRST_SEGMENT, FIRST_SEGMENT + FULL_SEGMENT + 1, [1, 2]),
        (10**9, 10**9 + 1, []),
    ],
)
def test_a_range_needs_only_its_own_segments(start: int, stop: int, expected: list[int]) -> None:
    size = FIRST_SEGMENT + 2 * FULL_SEGMENT
    sealed = seal(KEY, WHAT, bytes(size))
    opener = FileOpener(KEY, WHAT, header=sealed[:FILE_HEADER], size=size)
    assert list(opener.segments(start, stop)) == expected
    assert opener.extent(opener.count - 1)[1] == len(sealed)


def test_files_never_share_a_key() -> None:
    assert seal(KEY, WHAT, b"same") != seal(KEY, WHAT, b"same")
