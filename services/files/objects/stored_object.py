"""A sealed object as its owner names it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoredObject:
    """Bytes that are stored sealed: the object's random key, its wrapped data key, the plaintext's facts."""

    key: str
    wrapped_key: bytes
    size: int
    sha256: str
