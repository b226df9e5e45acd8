"""The threads that read whole files: so many at once, and no more."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from services.common.errors import Unavailable

_RETRY_SECONDS = 5


class ParsingThreads:
    """One thread for each file that is read; who finds none free is told to come again."""

    def __init__(self, at_once: int) -> None:
        self.executor = ThreadPoolExecutor(at_once, thread_name_prefix="parse")
        self._free = at_once

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold one thread's place inside the block; raise Unavailable when all are taken."""
        if not self._free:
            raise Unavailable("Too many uploads at this moment", retry_after_seconds=_RETRY_SECONDS)
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    async def close(self) -> None:
        """Let what runs finish."""
        await asyncio.to_thread(self.executor.shutdown, cancel_futures=True)
