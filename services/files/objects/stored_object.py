"""A sealed object, as a row names it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoredObject:
    """The object's random key in the store, its wrapped data key, and the plaintext's size and digest."""

    key: str
    wrapped_key: bytes
    size: int
    sha256: str
