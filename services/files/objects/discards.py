"""Removing objects that no row names any more; what cannot be removed now is left to the sweep."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor

from services.common.errors import Unavailable
from services.files.objects.sealed import Objects


class Discards:
    """Deletes an object, then the record that it was to be deleted."""

    def __init__(
        self, objects: Objects, executor: Executor, *, forget: Callable[[str], Awaitable[None]]
    ) -> None:
        self._objects = objects
        self._executor = executor
        self._forget = forget

    async def discard(self, object_key: str) -> bool:
        """Return whether the object is gone; a store that is away is no error here."""
        # Goes on when the caller is cancelled: that is when half an upload is cleaned up.
        return await asyncio.shield(self._discard(object_key))

    async def _discard(self, object_key: str) -> bool:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._executor, self._objects.delete, object_key)
            await self._forget(object_key)
        except Unavailable:
            return False
        return True
