"""Key wrapping: the one format in which a key is stored under another key.

`magic "SMK1" | suite u8 | epoch u32 | salt 32 | commitment 32 | nonce 12 | ciphertext | tag 16`, where epoch
is the version of the wrapping key. It says which key to try; the binding proves that it is the right one.
"""

import struct

from services.vault.crypto import committing
from services.vault.crypto.binding import Binding
from services.vault.crypto.committing import DoesNotOpen

MAGIC = b"SMK1"
SUITE = 1
_HEADER = struct.Struct(">4sBI")
_LABEL = b"smelt/key-wrap/v1"


def wrap(key: bytearray, under: bytearray, binding: Binding, *, epoch: int) -> bytes:
    """Return `key` sealed under the key `under`, whose version is `epoch`."""
    sealed = committing.seal(under, key, label=_LABEL, context=binding.associated_data(epoch))
    return prefix(epoch) + sealed


def unwrap(wrapped: bytes, under: bytearray, binding: Binding, *, epoch: int) -> bytearray:
    """Return the key, which the caller wipes; raise DoesNotOpen."""
    if epoch_of(wrapped) != epoch:
        raise DoesNotOpen
    return committing.open_sealed(
        under, wrapped[_HEADER.size :], label=_LABEL, context=binding.associated_data(epoch)
    )


def prefix(epoch: int) -> bytes:
    """Return the first bytes of every key that is wrapped under this version."""
    return _HEADER.pack(MAGIC, SUITE, epoch)


def epoch_of(wrapped: bytes) -> int:
    """Return which version of the wrapping key a wrapped key names; raise DoesNotOpen for another format."""
    if len(wrapped) < _HEADER.size:
        raise DoesNotOpen
    magic, suite, epoch = _HEADER.unpack_from(wrapped)
    if magic != MAGIC or suite != SUITE:
        raise DoesNotOpen
    return int(epoch)
