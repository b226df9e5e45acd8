"""The blob of a stored secret: it has a data key of its own, which is wrapped under the account's key.

`magic "SMV1" | suite u8 | epoch u32 | wrapped data key (12 + 32 + 16) | salt 32 | commitment 32 | nonce 12 |
ciphertext | tag 16`. The plaintext is the secret's length as u32 and the secret, padded with zeros to a
multiple of 256 bytes, so that the length does not reveal the kind of key.
"""

import os
import struct
from dataclasses import dataclass, field
from typing import Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.vault.crypto import committing, key_wrap
from services.vault.crypto.binding import Binding
from services.vault.crypto.committing import KEY_BYTES, NONCE_BYTES, TAG_BYTES, DoesNotOpen, derive
from services.vault.crypto.secret import Secret, wipe, wiped

MAGIC = b"SMV1"
SUITE = 1
PAD_BYTES = 256
_HEADER = struct.Struct(">4sBI")
_WRAPPED_BYTES = NONCE_BYTES + KEY_BYTES + TAG_BYTES
_LENGTH = struct.Struct(">I")
_LABEL = b"smelt/secret/v1"
# An account key is only ever used as input of HKDF, so that its uses cannot interfere with each other.
_WRAP_LABEL = b"smelt/dek-wrap/v1"
_WRAP_PURPOSE = "dek-wrap"


@dataclass(frozen=True, slots=True)
class AccountKey:
    """An account's key, opened. It is used in a `with` block, which wipes it at the end."""

    epoch: int
    key: bytearray = field(repr=False)

    def wrap(self, secret: Secret, binding: Binding) -> bytes:
        """Return a data key or another short secret, wrapped under this key."""
        return key_wrap.wrap(secret.reveal(), self.key, binding, epoch=self.epoch)

    def unwrap(self, wrapped: bytes, binding: Binding) -> Secret:
        """Return the wrapped secret, which the caller wipes; raise DoesNotOpen."""
        return Secret(key_wrap.unwrap(wrapped, self.key, binding, epoch=self.epoch))

    def wipe(self) -> None:
        wipe(self.key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wipe()


def seal(secret: Secret, under: AccountKey, binding: Binding) -> bytes:
    """Return the blob of a secret; it opens only with the same binding and account key."""
    with wiped(bytearray(os.urandom(KEY_BYTES))) as data_key, wiped(_padded(secret)) as plaintext:
        context = binding.associated_data(under.epoch)
        body = committing.seal(data_key, plaintext, label=_LABEL, context=context)
        return _HEADER.pack(MAGIC, SUITE, under.epoch) + _wrap(data_key, under, binding) + body


def open_blob(blob: bytes, under: AccountKey, binding: Binding, *, suite: int) -> Secret:
    """Return the secret, which the caller wipes; otherwise raise DoesNotOpen and return nothing.

    `suite` and the key's epoch come from the row; a blob that names other values is refused.
    """
    if len(blob) < _HEADER.size + _WRAPPED_BYTES + committing.OVERHEAD + PAD_BYTES:
        raise DoesNotOpen
    if _HEADER.unpack_from(blob) != (MAGIC, suite, under.epoch) or suite != SUITE:
        raise DoesNotOpen
    wrapped, body = blob[_HEADER.size :][:_WRAPPED_BYTES], blob[_HEADER.size + _WRAPPED_BYTES :]
    with wiped(_unwrap(wrapped, under, binding)) as data_key:
        context = binding.associated_data(under.epoch)
        with wiped(committing.open_sealed(data_key, body, label=_LABEL, context=context)) as plaintext:
            return _unpadded(plaintext)


def _wrap(data_key: bytearray, under: AccountKey, binding: Binding) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    context = binding.associated_data(under.epoch, _WRAP_PURPOSE)
    with wiped(derive(under.key, info=_WRAP_LABEL)) as key:
        return nonce + AESGCM(key).encrypt(nonce, data_key, context)


def _unwrap(wrapped: bytes, under: AccountKey, binding: Binding) -> bytearray:
    context = binding.associated_data(under.epoch, _WRAP_PURPOSE)
    with wiped(derive(under.key, info=_WRAP_LABEL)) as key:
        return committing.decrypt(key, wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], context)


def _padded(secret: Secret) -> bytearray:
    value = secret.reveal()
    length = _LENGTH.size + len(value)
    padded = bytearray(length + -length % PAD_BYTES)
    _LENGTH.pack_into(padded, 0, len(value))
    padded[_LENGTH.size : length] = value
    return padded


def _unpadded(plaintext: bytearray) -> Secret:
    (length,) = _LENGTH.unpack_from(plaintext)
    if len(plaintext) % PAD_BYTES or length > len(plaintext) - _LENGTH.size:
        raise DoesNotOpen
    return Secret(plaintext[_LENGTH.size : _LENGTH.size + length])
