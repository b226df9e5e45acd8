"""What the sealing tests share: sealing and opening a whole file in memory, and Tink as the oracle."""

import io
import os
from collections.abc import Callable

import tink
from tink import secret_key_access, streaming_aead
from tink.proto import aes_gcm_hkdf_streaming_pb2, common_pb2, tink_pb2

from services.common.sealing import SEGMENT, FileOpener, FileSealer

FILE_HEADER = 109


def seal(
    key: bytes,
    associated_data: bytes,
    plaintext: bytes,
    *,
    step: int = 100_000,
    random: Callable[[int], bytes] = os.urandom,
) -> bytes:
    sealed = bytearray()
    sealer = FileSealer(key, associated_data, sink=sealed.extend, random=random)
    for start in range(0, len(plaintext), step):
        sealer.write(plaintext[start : start + step])
    sealer.finish()
    return bytes(sealed)


def unseal(key: bytes, associated_data: bytes, sealed: bytes, size: int) -> bytes:
    opener = FileOpener(key, associated_data, header=sealed[:FILE_HEADER], size=size)
    plain = bytearray()
    for index in range(opener.count):
        start, stop = opener.extent(index)
        plain += opener.open(index, sealed[start:stop])
    return bytes(plain)


def tink_primitive(body_key: bytes) -> streaming_aead.StreamingAead:
    """Tink's own AES256_GCM_HKDF streaming over a key that we choose."""
    streaming_aead.register()
    key = aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingKey(
        key_value=body_key,
        params=aes_gcm_hkdf_streaming_pb2.AesGcmHkdfStreamingParams(
            ciphertext_segment_size=SEGMENT, derived_key_size=32, hkdf_hash_type=common_pb2.SHA256
        ),
    )
    keyset = tink_pb2.Keyset(primary_key_id=1)
    keyset.key.add(
        key_id=1,
        status=tink_pb2.ENABLED,
        output_prefix_type=tink_pb2.RAW,
        key_data=tink_pb2.KeyData(
            type_url="type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey",
            value=key.SerializeToString(),
            key_material_type=tink_pb2.KeyData.SYMMETRIC,
        ),
    )
    handle = tink.proto_keyset_format.parse(keyset.SerializeToString(), secret_key_access.TOKEN)
    return handle.primitive(streaming_aead.StreamingAead)


class Kept(io.BytesIO):
    """A file that can still be read after Tink has closed it."""

    def close(self) -> None:
        self.kept = self.getvalue()
        super().close()
