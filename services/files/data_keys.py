"""Data keys: asked of the vault for one piece of work, bound to one object, wiped after."""

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
    """What a data key is for; it opens for nothing else. `object` is a resource name."""

    purpose: Purpose
    object: str
    generation: int

    def binds(self, account: str, *parts: str) -> bytes:
        """Return the associated data of what the key seals: never read from what is opened."""
        return fields(self.purpose.value, account, self.object, self.generation, *parts)


@dataclass(frozen=True, slots=True)
class DataKey:
    """A new data key, and its wrapped form to be stored."""

    key: bytearray
    wrapped: bytes


class DataKeys(Protocol):
    """The vault, as far as this service needs it; raises what the vault refuses with."""

    async def create(self, proof: Proof, context: KeyContext) -> DataKey: ...

    async def open(self, proof: Proof, context: KeyContext, wrapped: bytes) -> bytearray: ...


@contextmanager
def wiped(key: bytearray) -> Iterator[bytearray]:
    """Overwrite a key after use. Copies made by libraries on its way here cannot be reached."""
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
