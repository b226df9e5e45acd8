"""Encryption under a data key that the caller has: file streams with ranged reads, and small payloads."""

import hmac
import os
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

Buffer = bytes | bytearray | memoryview

KEY = 32
TAG = 16
SALT = 32
COMMITMENT = 32

# The outer header of a file: magic, suite, salt, commitment.
FILE_MAGIC = b"SMF1"
FILE_SUITE = b"\x01"
OUTER_HEADER = len(FILE_MAGIC) + len(FILE_SUITE) + SALT + COMMITMENT

# The body is Tink's AES256_GCM_HKDF streaming format (developers.google.com/tink/streaming-aead):
# header length, salt, nonce prefix, then segments; the first segment is shorter by that header.
SEGMENT = 256 * 1024
PREFIX = 7
BODY_HEADER = 1 + SALT + PREFIX
FILE_HEADER = OUTER_HEADER + BODY_HEADER
FIRST_SEGMENT = SEGMENT - BODY_HEADER - TAG
FULL_SEGMENT = SEGMENT - TAG
MAX_SEGMENTS = 2**32

PAYLOAD_VERSION = b"\x01"
PAYLOAD_NONCE = 24
PAYLOAD_HEADER = len(PAYLOAD_VERSION) + COMMITMENT + PAYLOAD_NONCE


class SealBroken(Exception):
    """The data was altered, cut, moved, or sealed under another key; no part of it may be used."""


def fields(*values: str | int | bytes) -> bytes:
    """Join values, each preceded by its length, so that no two different lists give the same bytes."""
    joined = bytearray()
    for value in values:
        raw = value if isinstance(value, bytes) else str(value).encode()
        joined += len(raw).to_bytes(4) + raw
    return bytes(joined)


class FileSealer:
    """Encrypts one file of any length in bounded memory.

    `sink` gets each piece of ciphertext in order; a piece is a view of a buffer that is reused,
    so a sink that keeps it must copy it. `associated_data` (see `fields`) says what the file is.
    """

    def __init__(
        self,
        key: Buffer,
        associated_data: bytes,
        *,
        sink: Callable[[memoryview], object],
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        outer_salt, body_salt, self._prefix = random(SALT), random(SALT), random(PREFIX)
        body_key, commitment = _file_keys(key, outer_salt, associated_data)
        self._cipher = _segment_cipher(body_key, body_salt, associated_data)
        self._sink = sink
        self._index = 0
        self._filled = 0
        self._capacity = FIRST_SEGMENT
        self._plain = memoryview(bytearray(FULL_SEGMENT))
        self._sealed = memoryview(bytearray(SEGMENT))
        outer = FILE_MAGIC + FILE_SUITE + outer_salt + commitment
        sink(memoryview(outer + bytes([BODY_HEADER]) + body_salt + self._prefix))

    def write(self, data: Buffer) -> None:
        """Take the next bytes of the file."""
        rest = memoryview(data)
        while rest:
            # A full segment waits for one more byte, because the last segment is sealed differently.
            if self._filled == self._capacity:
                self._emit(last=False)
            taken = min(self._capacity - self._filled, len(rest))
            self._plain[self._filled : self._filled + taken] = rest[:taken]
            self._filled += taken
            rest = rest[taken:]

    def finish(self) -> None:
        """Seal the rest as the last segment; without it, the file does not open."""
        self._emit(last=True)

    def _emit(self, *, last: bool) -> None:
        if self._index >= MAX_SEGMENTS:
            raise SealBroken("the file has more segments than a nonce can count")
        piece = self._sealed[: self._filled + TAG]
        nonce = _nonce(self._prefix, self._index, last)
        self._cipher.encrypt_into(nonce, self._plain[: self._filled], None, piece)
        self._index += 1
        self._filled, self._capacity = 0, FULL_SEGMENT
        self._sink(piece)


class FileOpener:
    """Opens segments of a sealed file, in any order.

    `header` is its first FILE_HEADER bytes. `size` is the plaintext's length; it must come from a source that
    the object store cannot write, so that a cut or extended file is noticed.
    """

    def __init__(self, key: Buffer, associated_data: bytes, *, header: Buffer, size: int) -> None:
        head = bytes(header)
        salt_at = len(FILE_MAGIC) + len(FILE_SUITE)
        known = head[:salt_at] == FILE_MAGIC + FILE_SUITE
        if len(head) != FILE_HEADER or not known or head[OUTER_HEADER] != BODY_HEADER:
            raise SealBroken("not the header of a sealed file")
        body_key, commitment = _file_keys(key, head[salt_at : salt_at + SALT], associated_data)
        # Compared before any GCM tag: a ciphertext opens under exactly one key.
        if not hmac.compare_digest(commitment, head[salt_at + SALT : OUTER_HEADER]):
            raise SealBroken("sealed under another key or for another purpose")
        body_salt = head[OUTER_HEADER + 1 : OUTER_HEADER + 1 + SALT]
        self._prefix = head[-PREFIX:]
        self._cipher = _segment_cipher(body_key, body_salt, associated_data)
        self._size = size
        self.count = segment_count(size)

    def segments(self, start: int, stop: int) -> range:
        """Indexes of the segments that hold the plaintext bytes [start, stop)."""
        stop = min(stop, self._size)
        if start >= stop:
            return range(0)
        return range(_segment_of(start), _segment_of(stop - 1) + 1)

    def extent(self, index: int) -> tuple[int, int]:
        """Where a segment lies in the sealed object: its first byte, and one past its last."""
        start = FILE_HEADER if index == 0 else OUTER_HEADER + index * SEGMENT
        return start, start + self._length(index) + TAG

    def open(self, index: int, sealed: Buffer) -> bytes:
        """Return the verified plaintext of one segment."""
        length = self._length(index)
        if len(sealed) != length + TAG:
            raise SealBroken("a segment has the wrong length")
        nonce = _nonce(self._prefix, index, index == self.count - 1)
        try:
            return self._cipher.decrypt(nonce, sealed, None)
        except InvalidTag:
            raise SealBroken("a segment was altered") from None

    def _length(self, index: int) -> int:
        if not 0 <= index < self.count:
            raise SealBroken("no such segment")
        if index < self.count - 1:
            return FULL_SEGMENT if index else FIRST_SEGMENT
        return self._size - plain_start(index)


def plain_start(index: int) -> int:
    """Offset of a segment's first byte in the plaintext."""
    return FIRST_SEGMENT + (index - 1) * FULL_SEGMENT if index else 0


def segment_count(size: int) -> int:
    """How many segments a plaintext of `size` bytes has; an empty one has one."""
    return _segment_of(size - 1) + 1 if size else 1


def sealed_size(size: int) -> int:
    """Length of the sealed object for a plaintext of `size` bytes."""
    return FILE_HEADER + size + segment_count(size) * TAG


def _segment_of(offset: int) -> int:
    return 0 if offset < FIRST_SEGMENT else 1 + (offset - FIRST_SEGMENT) // FULL_SEGMENT


def _nonce(prefix: bytes, index: int, last: bool) -> bytes:
    return prefix + index.to_bytes(4) + bytes([last])


def _derive(key: Buffer, salt: bytes | None, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(key)


def _file_keys(key: Buffer, salt: bytes, associated_data: bytes) -> tuple[bytes, bytes]:
    derived = _derive(key, salt, b"smelt/file/v1" + associated_data, KEY + COMMITMENT)
    return derived[:KEY], derived[KEY:]


def _segment_cipher(body_key: bytes, salt: bytes, associated_data: bytes) -> AESGCM:
    # Tink binds the associated data here, once per file, and none to the single segments.
    return AESGCM(_derive(body_key, salt, associated_data, KEY))


class Codes:
    """Codes by which equal data can be found; without the data key they reveal nothing about it."""

    def __init__(self, key: Buffer, associated_data: bytes) -> None:
        self._key = _derive(key, None, b"smelt/code/v1" + associated_data, KEY)

    def of(self, data: Buffer) -> bytes:
        """Return 16 bytes that are the same for the same data."""
        return hmac.digest(self._key, data, "sha256")[:16]


class PayloadSealer:
    """Seals many small payloads under one data key. Make one for each batch, and use it in one thread only.

    XAES-256-GCM (c2sp.org/XAES-256-GCM): a key for each payload, derived from half of a random 192-bit nonce.
    Random nonces therefore stay safe for far more than the 2^31 payloads that a data key may ever hold
    (plain GCM ends at 2^32, SP 800-38D), without a counter that a crash could turn back. A commitment to
    the key goes in front, because GCM alone does not commit.
    """

    def __init__(
        self, key: Buffer, associated_data: bytes, *, random: Callable[[int], bytes] = os.urandom
    ) -> None:
        derived = _derive(key, None, b"smelt/payload/v1" + associated_data, KEY + COMMITMENT)
        self._cmac = CMAC(AES(derived[:KEY]))
        self._lead = PAYLOAD_VERSION + derived[KEY:]
        self._random = random

    def seal(self, plaintext: Buffer, associated_data: bytes = b"") -> bytes:
        """Encrypt one payload; `associated_data` identifies it within what the sealer was made for."""
        nonce = self._random(PAYLOAD_NONCE)
        return self._lead + nonce + self._cipher(nonce).encrypt(nonce[12:], plaintext, associated_data)

    def open(self, sealed: Buffer, associated_data: bytes = b"") -> bytes:
        """Return the payload, or raise SealBroken."""
        blob = memoryview(sealed)
        if len(blob) < PAYLOAD_HEADER + TAG or not hmac.compare_digest(blob[: len(self._lead)], self._lead):
            raise SealBroken("sealed under another key or for another purpose")
        nonce = bytes(blob[len(self._lead) : PAYLOAD_HEADER])
        try:
            return self._cipher(nonce).decrypt(nonce[12:], blob[PAYLOAD_HEADER:], associated_data)
        except InvalidTag:
            raise SealBroken("a payload was altered") from None

    def _cipher(self, nonce: bytes) -> AESGCM:
        return AESGCM(self._block(b"\x00\x01X\x00" + nonce[:12]) + self._block(b"\x00\x02X\x00" + nonce[:12]))

    def _block(self, message: bytes) -> bytes:
        mac = self._cmac.copy()
        mac.update(message)
        return mac.finalize()
