"""Sealed payloads: they open for the same key and place only, and follow a published construction."""

import os

import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from services.common.sealing import PAYLOAD_HEADER, PayloadSealer, SealBroken

KEY = bytes(range(32))


@pytest.mark.parametrize("size", [0, 1, 1000, 200_000])
def test_a_payload_comes_back(size: int) -> None:
    payload = os.urandom(size)
    sealed = PayloadSealer(KEY, b"job").seal(payload, b"row 1")
    assert len(sealed) == PAYLOAD_HEADER + size + 16
    assert PayloadSealer(bytearray(KEY), b"job").open(sealed, b"row 1") == payload


@pytest.mark.promise("S03", "S05")
def test_a_payload_opens_nowhere_else() -> None:
    sealed = PayloadSealer(KEY, b"job").seal(b"text", b"row 1")
    for sealer, place in (
        (PayloadSealer(KEY, b"job"), b"row 2"),
        (PayloadSealer(KEY, b"other job"), b"row 1"),
        (PayloadSealer(os.urandom(32), b"job"), b"row 1"),
    ):
        with pytest.raises(SealBroken):
            sealer.open(sealed, place)


@pytest.mark.promise("S04")
def test_every_flipped_byte_is_noticed() -> None:
    sealer = PayloadSealer(KEY, b"job")
    sealed = bytearray(sealer.seal(b"text"))
    for place in range(len(sealed)):
        sealed[place] ^= 1
        with pytest.raises(SealBroken):
            sealer.open(sealed)
        sealed[place] ^= 1
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            sealer.open(sealed[:length])


@pytest.mark.promise("S06")
def test_nonces_do_not_repeat() -> None:
    sealer = PayloadSealer(KEY, b"job")
    nonces = {sealer.seal(b"")[33:57] for _ in range(1000)}
    assert len(nonces) == 1000


@pytest.mark.parametrize(
    ("key", "associated_data", "expected"),
    [
        (b"\x01" * 32, b"", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"),
        (b"\x03" * 32, b"c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"),
    ],
)
def test_the_construction_is_xaes_256_gcm(key: bytes, associated_data: bytes, expected: str) -> None:
    """The vectors of c2sp.org/XAES-256-GCM."""
    sealer = PayloadSealer(KEY, b"", random=lambda count: b"ABCDEFGHIJKLMNOPQRSTUVWX"[:count])
    sealer._cmac = CMAC(AES(key))
    assert sealer.seal(b"XAES-256-GCM", associated_data)[PAYLOAD_HEADER:].hex() == expected


def test_the_format_is_fixed() -> None:
    """A golden vector: a change here would make stored payloads unreadable."""
    sealer = PayloadSealer(KEY, b"what", random=lambda count: bytes(range(count)))
    sealed = sealer.seal(b"payload", b"which").hex()
    assert sealed[:66] == "01ffc1648daeab20bb70e53374454f950fd3e5068b51ed47add529776740ad1e70"
    assert sealed[66:] == (
        "000102030405060708090a0b0c0d0e0f1011121314151617eeccb59623b82084247708bda657d371199d7e54d0fe8d"
    )
