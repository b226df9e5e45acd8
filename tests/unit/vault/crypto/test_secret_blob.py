"""The secret blob opens for its own binding and key, whole, and for nothing else."""

import copy
import json
import os
import pickle
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.vault.crypto import committing, envelope, key_wrap
from services.vault.crypto.binding import Binding
from services.vault.crypto.committing import DoesNotOpen
from services.vault.crypto.envelope import AccountKey
from services.vault.crypto.secret import Secret, wipe

TEXT = b"sk-test-0123456789abcdefghij"
PLACE = Binding("installation1", "api-key", "account1", "apiKeys/key1", 7)
KEY = AccountKey(3, bytearray(os.urandom(32)))


def blob(text: bytes = TEXT) -> bytes:
    return envelope.seal(Secret(bytearray(text)), KEY, PLACE)


def opened(data: bytes, key: AccountKey = KEY, place: Binding = PLACE, suite: int = 1) -> bytes:
    return bytes(envelope.open_blob(data, key, place, suite=suite).reveal())


@pytest.mark.parametrize("text", [b"", b"x", TEXT, b"s" * 251, b"s" * 252, b"s" * 253, b"s" * 1024])
def test_a_secret_comes_back_as_it_went_in(text: bytes) -> None:
    assert opened(blob(text)) == text


def test_the_format_is_the_documented_one() -> None:
    data = blob()
    assert data[:4] == b"SMV1"
    assert data[4] == 1
    assert int.from_bytes(data[5:9], "big") == 3
    assert len(data) == 9 + 60 + 32 + 32 + 12 + 256 + 16


@pytest.mark.promise("S04")
def test_every_flipped_bit_is_found() -> None:
    data = blob()
    for position in range(len(data) * 8):
        damaged = bytearray(data)
        damaged[position // 8] ^= 1 << position % 8
        with pytest.raises(DoesNotOpen):
            opened(bytes(damaged))


@pytest.mark.promise("S04")
@pytest.mark.parametrize("cut", [0, 1, 8, 9, 69, 101, 133, 145, 400, 416])
def test_a_cut_or_lengthened_blob_is_found(cut: int) -> None:
    data = blob()
    for damaged in (data[:cut], data + b"\0", data + data):
        with pytest.raises(DoesNotOpen):
            opened(damaged)


@pytest.mark.promise("S03")
@pytest.mark.parametrize(
    "move",
    [
        lambda place: replace(place, installation="installation2"),
        lambda place: replace(place, account="account2"),
        lambda place: replace(place, purpose="other"),
        lambda place: replace(place, object="apiKeys/key2"),
        lambda place: replace(place, generation=6),
        lambda place: replace(place, generation=8),
        lambda place: replace(place, account="account1apiKeys", object="/key1"),
    ],
)
def test_a_moved_blob_does_not_open(move: Callable[[Binding], Binding]) -> None:
    with pytest.raises(DoesNotOpen):
        opened(blob(), place=move(PLACE))


@pytest.mark.promise("S03")
@pytest.mark.promise("S03")
def test_blobs_that_change_places_open_at_none_of_them() -> None:
    """Pairwise over everything that a place is made of."""
    places = [
        PLACE,
        replace(PLACE, account="another"),
        replace(PLACE, object="apiKeys/another"),
        replace(PLACE, purpose="another purpose"),
        replace(PLACE, generation=PLACE.generation + 1),
    ]
    blobs = [envelope.seal(Secret(bytearray(TEXT)), KEY, place) for place in places]
    for at, place in enumerate(places):
        for of, blob in enumerate(blobs):
            if at == of:
                assert envelope.open_blob(blob, KEY, place, suite=envelope.SUITE).reveal() == TEXT
            else:
                with pytest.raises(DoesNotOpen):
                    envelope.open_blob(blob, KEY, place, suite=envelope.SUITE)


def test_another_epoch_or_another_accounts_key_does_not_open() -> None:
    with pytest.raises(DoesNotOpen):
        opened(blob(), key=AccountKey(4, KEY.key))
    with pytest.raises(DoesNotOpen):
        opened(blob(), key=AccountKey(3, bytearray(os.urandom(32))))


@pytest.mark.parametrize("suite", [0, 2, 255])
def test_the_suite_is_the_rows_not_the_blobs(suite: int) -> None:
    data = blob()
    with pytest.raises(DoesNotOpen):
        opened(data, suite=suite)
    with pytest.raises(DoesNotOpen):
        opened(data[:4] + bytes([suite]) + data[5:], suite=suite)


def test_bindings_cannot_be_confused_by_where_a_field_ends() -> None:
    one = Binding("i", "p", "ab", "c", 1).associated_data(1)
    two = Binding("i", "p", "a", "bc", 1).associated_data(1)
    assert one != two


def test_the_length_of_a_secret_does_not_show() -> None:
    assert len({len(blob(b"s" * count)) for count in range(16, 252)}) == 1


def test_no_two_blobs_of_one_secret_share_a_part() -> None:
    one, two = blob(), blob()
    assert not {one[at : at + 12] for at in range(9, len(one) - 12)} & {
        two[at : at + 12] for at in range(9, len(two) - 12)
    }


@pytest.mark.promise("S05")
def test_a_message_made_to_open_under_two_keys_is_refused_before_decryption() -> None:
    """One ciphertext that plain GCM opens under both keys: the commitment lets only one of them try."""
    context = b"context"
    keys = [bytearray(os.urandom(32)) for _ in range(2)]
    salt, nonce = os.urandom(32), os.urandom(12)
    derived = [committing.derive(key, info=b"label" + context, length=64, salt=salt) for key in keys]
    ciphertext = salamander(bytes(derived[0][:32]), bytes(derived[1][:32]), nonce, context)
    for each in derived:
        AESGCM(bytes(each[:32])).decrypt(nonce, ciphertext, context)
    sealed = salt + bytes(derived[0][32:]) + nonce + ciphertext
    assert committing.open_sealed(keys[0], sealed, label=b"label", context=context)
    with pytest.raises(DoesNotOpen):
        committing.open_sealed(keys[1], sealed, label=b"label", context=context)


def test_a_wrapped_key_opens_only_under_its_key_and_binding() -> None:
    under, key = bytearray(os.urandom(32)), bytearray(os.urandom(32))
    wrapped = key_wrap.wrap(key, under, PLACE, epoch=2)
    assert key_wrap.epoch_of(wrapped) == 2
    assert key_wrap.unwrap(wrapped, under, PLACE, epoch=2) == key
    elsewhere = replace(PLACE, purpose="data-key/job")
    for key_shown, place, epoch in ((bytearray(32), PLACE, 2), (under, PLACE, 3), (under, elsewhere, 2)):
        with pytest.raises(DoesNotOpen):
            key_wrap.unwrap(wrapped, key_shown, place, epoch=epoch)
    for position in range(len(wrapped) * 8):
        damaged = bytearray(wrapped)
        damaged[position // 8] ^= 1 << position % 8
        with pytest.raises(DoesNotOpen):
            key_wrap.unwrap(bytes(damaged), under, PLACE, epoch=2)


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret(bytearray(TEXT))
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r}", repr([secret]), repr({"a": secret})):
        assert "sk-" not in shown
    assert str(secret) == "Secret(****)"
    assert secret != Secret(bytearray(TEXT))
    for leak in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            leak(secret)
    assert not hasattr(secret, "__dict__")


def test_wiping_leaves_zeros() -> None:
    buffer = bytearray(TEXT)
    secret = Secret(buffer)
    with secret as inside:
        assert inside.reveal() is buffer
    assert not any(buffer)
    other = bytearray(b"abc")
    wipe(other)
    assert other == b"\0\0\0"


def salamander(one: bytes, two: bytes, nonce: bytes, context: bytes) -> bytes:
    """Return a ciphertext and tag valid under both keys, by solving GHASH for one free block (GF(2^128))."""
    filler = os.urandom(16)
    ghash = [encrypt_block(key, bytes(16)) for key in (one, two)]
    mask = [encrypt_block(key, nonce + b"\0\0\0\1") for key in (one, two)]
    lengths = (len(context) * 8).to_bytes(8, "big") + (32 * 8).to_bytes(8, "big")
    aad = context.ljust(-(-len(context) // 16) * 16, b"\0")

    def tag(index: int, free: int) -> int:
        total = 0
        for block in [aad[at : at + 16] for at in range(0, len(aad), 16)] + [filler]:
            total = times(total ^ number(block), number(ghash[index]))
        total = times(total ^ free, number(ghash[index]))
        return times(total ^ number(lengths), number(ghash[index])) ^ number(mask[index])

    # tag(i, x) = tag(i, 0) + x * H_i^2, so the two tags meet at x = (tag(0,0) + tag(1,0)) / (H_0^2 + H_1^2).
    squares = [times(number(h), number(h)) for h in ghash]
    free = times(tag(0, 0) ^ tag(1, 0), inverse(squares[0] ^ squares[1]))
    assert tag(0, free) == tag(1, free)
    return filler + free.to_bytes(16, "big") + tag(0, free).to_bytes(16, "big")


def encrypt_block(key: bytes, block: bytes) -> bytes:
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)


def number(block: bytes) -> int:
    return int.from_bytes(block, "big")


def times(left: int, right: int) -> int:
    """Multiply in GCM's field, whose bits run from the left (SP 800-38D, 6.3)."""
    product = 0
    for bit in range(127, -1, -1):
        if left >> bit & 1:
            product ^= right
        right = right >> 1 ^ (0xE1 << 120 if right & 1 else 0)
    return product


def inverse(value: int) -> int:
    """Raise to 2^128 - 2."""
    result, square = 1 << 127, value
    for _ in range(127):
        square = times(square, square)
        result = times(result, square)
    return result
