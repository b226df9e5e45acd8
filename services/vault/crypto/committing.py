"""Committing encryption: AES-256-GCM under a key derived for one message, with a commitment to that key.

With GCM alone, anyone who knows two keys can make one ciphertext that opens under both. The commitment,
derived with the key by HKDF-SHA-256 (RFC 5869), is compared first, so that a ciphertext opens under exactly
one key.
"""

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.common.errors import DomainError, Kind
from services.vault.crypto.secret import wipe

KEY_BYTES = 32
SALT_BYTES = 32
COMMITMENT_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
OVERHEAD = SALT_BYTES + COMMITMENT_BYTES + NONCE_BYTES + TAG_BYTES


class DoesNotOpen(DomainError):
    """The ciphertext is damaged, or belongs to another key, account, purpose, object or generation."""

    reason = "DOES_NOT_OPEN"
    kind = Kind.DAMAGED
    message = "Stored data is damaged or was moved from another place"


def derive(key: bytearray, *, info: bytes, length: int = KEY_BYTES, salt: bytes | None = None) -> bytearray:
    """Return `length` bytes derived from a key; the caller wipes them."""
    out = bytearray(length)
    HKDF(SHA256(), length, salt, info).derive_into(key, out)
    return out


def seal(key: bytearray, plaintext: bytearray, *, label: bytes, context: bytes) -> bytes:
    """Return salt, commitment, nonce, ciphertext and tag; opening them needs the same `context`."""
    salt, nonce = os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
    derived = derive(key, info=label + context, length=KEY_BYTES + COMMITMENT_BYTES, salt=salt)
    message_key = derived[:KEY_BYTES]
    try:
        commitment = bytes(derived[KEY_BYTES:])
        return salt + commitment + nonce + AESGCM(message_key).encrypt(nonce, plaintext, context)
    finally:
        wipe(derived, message_key)


def open_sealed(key: bytearray, sealed: bytes, *, label: bytes, context: bytes) -> bytearray:
    """Return the plaintext, which the caller wipes; otherwise raise DoesNotOpen and return nothing."""
    if len(sealed) < OVERHEAD:
        raise DoesNotOpen
    salt, rest = sealed[:SALT_BYTES], sealed[SALT_BYTES:]
    commitment, rest = rest[:COMMITMENT_BYTES], rest[COMMITMENT_BYTES:]
    nonce, ciphertext = rest[:NONCE_BYTES], rest[NONCE_BYTES:]
    derived = derive(key, info=label + context, length=KEY_BYTES + COMMITMENT_BYTES, salt=salt)
    message_key = derived[:KEY_BYTES]
    try:
        if not hmac.compare_digest(derived[KEY_BYTES:], commitment):
            raise DoesNotOpen
        return decrypt(message_key, nonce, ciphertext, context)
    finally:
        wipe(derived, message_key)


def decrypt(key: bytearray, nonce: bytes, ciphertext: bytes, context: bytes) -> bytearray:
    """Return the plaintext of plain AES-256-GCM in a buffer that can be wiped; raise DoesNotOpen."""
    plaintext = bytearray(len(ciphertext) - TAG_BYTES)
    try:
        AESGCM(key).decrypt_into(nonce, ciphertext, context, plaintext)
    except InvalidTag:
        wipe(plaintext)
        raise DoesNotOpen from None
    return plaintext
