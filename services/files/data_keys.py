"""Data keys: each is bound to one object, created or opened by the vault for one task, then wiped."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from services.common.identity import ExportPermit, JobGrant, Passport
from services.common.sealing import fields

Proof = Passport | JobGrant | ExportPermit


class Purpose(Enum):
    """What a data key encrypts."""

    FILE = "file"
    RESULT = "result"
    EXPORT = "export"


@dataclass(frozen=True, slots=True)
class KeyContext:
    """What a data key is bound to; it opens for nothing else. `object` is a resource name."""

    purpose: Purpose
    object: str
    generation: int

    def binds(self, account: str, *parts: str) -> bytes:
        """Return the associated data of what the key seals; it is never read from the ciphertext."""
        return fields(self.purpose.value, account, self.object, self.generation, *parts)


@dataclass(frozen=True, slots=True)
class DataKey:
    """A new data key, and its wrapped form, which is stored."""

    key: bytearray
    wrapped: bytes


class DataKeys(Protocol):
    """Creates and opens data keys; raises the vault's refusals."""

    async def create(self, proof: Proof, context: KeyContext) -> DataKey: ...

    async def open(self, proof: Proof, context: KeyContext, wrapped: bytes) -> bytearray: ...


@contextmanager
def wiped(key: bytearray) -> Iterator[bytearray]:
    """Overwrite a key after the block. Copies that libraries made on its way here cannot be overwritten."""
    try:
        yield key
    finally:
        key[:] = bytes(len(key))


@asynccontextmanager
async def opened(
    keys: DataKeys, proof: Proof, context: KeyContext, wrapped: bytes
) -> AsyncIterator[bytearray]:
    """Open a data key for the block, and overwrite it after."""
    with wiped(await keys.open(proof, context, wrapped)) as key:
        yield key
