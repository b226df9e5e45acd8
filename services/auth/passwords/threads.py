"""A few threads for passwords with a bounded queue: requests that would wait too long are refused at once."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from services.common.errors import Unavailable

T = TypeVar("T")

#: A check takes a quarter of a second, so the last in the queue waits about four seconds. A longer queue only
#: adds answers that come too late; a shorter one refuses people in short bursts.
WAITING_PER_THREAD = 16
_RETRY_SECONDS = 5


class BoundedThreads:
    """Runs slow work on a fixed number of threads, without blocking the event loop."""

    def __init__(self, threads: int, waiting: int | None = None) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self._places = threads + (threads * WAITING_PER_THREAD if waiting is None else waiting)
        self._taken = 0

    def check_room(self) -> None:
        """Raise Unavailable if the queue is full."""
        if self._taken >= self._places:
            raise Unavailable(
                "Too many people are signing in right now; try again in a few seconds",
                retry_after_seconds=_RETRY_SECONDS,
            )

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns; raise Unavailable if the queue is full."""
        self.check_room()
        self._taken += 1
        loop = asyncio.get_running_loop()
        future = self._executor.submit(work)
        # The place becomes free when the thread has finished, not when the caller stops waiting.
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))
        return await asyncio.wrap_future(future)

    def _leave(self) -> None:
        self._taken -= 1

    async def close(self) -> None:
        """Drop waiting work, and let running work finish."""
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)
