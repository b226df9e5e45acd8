"""Deleting objects that no row names any longer; the sweep deletes those that cannot be deleted now."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import Executor
from contextlib import asynccontextmanager

from services.common.errors import DomainError, Kind, Unavailable
from services.files.objects.sealed import Objects


class Discards:
    """Deletes an object, and then the mark that it must be deleted."""

    def __init__(
        self,
        objects: Objects,
        executor: Executor,
        *,
        forget: Callable[[str], Awaitable[None]],
        keeps: bool = False,
    ) -> None:
        """With `keeps`, objects whose rows their owners removed wait for the sweep, which knows how long."""
        self._objects = objects
        self._executor = executor
        self._forget = forget
        self._keeps = keeps

    async def discard(self, object_key: str) -> bool:
        """Delete an object; return False, without an error, when a store does not answer."""
        # Continues when the caller is cancelled, because a cancelled upload is what it cleans up.
        return await asyncio.shield(self._discard(object_key))

    async def discard_all(self, object_keys: Iterable[str]) -> None:
        """Delete objects; the sweep deletes those that cannot be deleted now."""
        for object_key in object_keys:
            await self.discard(object_key)

    async def release(self, object_keys: Iterable[str]) -> None:
        """Delete objects that were marked when their rows were removed, unless they are kept for a while."""
        if not self._keeps:
            await self.discard_all(object_keys)

    @asynccontextmanager
    async def unless_written(self, object_key: str) -> AsyncIterator[None]:
        """Delete the object when the block that writes it fails or is cancelled."""
        try:
            yield
        except BaseException:
            await self.discard(object_key)
            raise

    @asynccontextmanager
    async def unless_recorded(self, *object_keys: str) -> AsyncIterator[None]:
        """Delete the objects when the block refuses to record them.

        An outage may come after the commit. Then the objects stay, and the sweep decides by the row.
        """
        try:
            yield
        except DomainError as error:
            if error.kind is not Kind.UNAVAILABLE:
                await self.discard_all(object_keys)
            raise

    async def _discard(self, object_key: str) -> bool:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._executor, self._objects.delete, object_key)
            await self._forget(object_key)
        except Unavailable:
            return False
        return True
