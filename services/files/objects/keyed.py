"""Objects that each have a data key of their own: stored whole or not at all, read back verified."""

from collections.abc import AsyncIterable, AsyncIterator, Callable
from concurrent.futures import Executor
from functools import partial

from services.common.turns import Turns
from services.files.data_keys import DataKeys, KeyContext, Proof, wiped
from services.files.objects.discards import Discards
from services.files.objects.sealed import Objects, drain, read_all, write_sealed
from services.files.objects.stored_object import StoredObject
from services.files.threads import drawn, fed

#: Objects that are written for one account at a time, of the eight that there are by default. Fewer delay a
#: person's jobs that end together; more let one person's downloads keep everybody's results waiting.
WRITERS_SHARE = 3


class KeyedObjects:
    """Writes and reads whole objects; results and data exports are kept in it.

    The associated data of an object is its key's context, the account of the proof, and the `parts` that
    tell it from others under the same context.
    """

    def __init__(
        self,
        objects: Objects,
        *,
        keys: DataKeys,
        discards: Discards,
        writers: Executor,
        readers: Executor,
        new_id: Callable[[], str],
    ) -> None:
        self._objects = objects
        self._keys = keys
        self._discards = discards
        self._writers = writers
        self._readers = readers
        self._new_id = new_id
        self._turns = Turns(WRITERS_SHARE)

    async def write(
        self,
        proof: Proof,
        context: KeyContext,
        pieces: AsyncIterable[bytes],
        *,
        parts: tuple[str, ...] = (),
        max_bytes: int,
    ) -> StoredObject:
        """Seal and store an object under a new key; on any failure nothing of it stays."""
        data_key = await self._keys.create(proof, context)
        object_key = self._new_id()
        with wiped(data_key.key) as key:
            work = partial(
                write_sealed,
                writer=self._objects.writer(object_key),
                key=key,
                associated_data=context.binds(proof.account, *parts),
                max_bytes=max_bytes,
                read=drain,
            )
            # A writer keeps its thread until its last piece has come.
            async with self._turns.of(proof.account), self._discards.unless_written(object_key):
                written, _ = await fed(self._writers, pieces, work)
        return StoredObject(object_key, data_key.wrapped, written.size, written.sha256)

    async def read(
        self, proof: Proof, context: KeyContext, stored: StoredObject, *, parts: tuple[str, ...] = ()
    ) -> AsyncIterator[bytes]:
        """Open an object's key and return its verified bytes."""
        opened = await self._keys.open(proof, context, stored.wrapped_key)
        return self._pieces(stored, opened, context.binds(proof.account, *parts))

    async def _pieces(
        self, stored: StoredObject, opened: bytearray, associated_data: bytes
    ) -> AsyncIterator[bytes]:
        with wiped(opened) as key:
            source = read_all(self._objects, stored, key=key, associated_data=associated_data)
            async for piece in drawn(self._readers, source):
                yield piece
