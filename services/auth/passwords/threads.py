"""A few threads for passwords with a bounded wait: requests that would wait too long are refused at once.

How long the work takes depends on how busy the machine is, so it is measured: a queue of a fixed length would
keep people waiting past the gateway's deadline just when everything is slow.
"""

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from services.common.errors import Unavailable

T = TypeVar("T")

#: Expected of the first piece of work: bcrypt at cost 12 on a quiet machine.
_USUAL_SECONDS = 0.25
#: How much the latest piece of work counts in the expectation; all of it, and one slow hash refuses a burst.
_LATEST = 0.3
_RETRY_SECONDS = 5


class BoundedThreads:
    """Runs slow work on a fixed number of threads, without blocking the event loop."""

    def __init__(
        self,
        threads: int,
        *,
        longest_wait_seconds: float,
        usual_seconds: float = _USUAL_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="password")
        self._threads = threads
        self._longest_wait = longest_wait_seconds
        self._seconds = usual_seconds
        self._clock = clock
        self._taken = 0

    def check_room(self) -> None:
        """Raise Unavailable if another piece of work would wait too long for a thread."""
        # Each thread has finished this many pieces before the new one begins.
        before = math.ceil((self._taken - self._threads + 1) / self._threads)
        if before * self._seconds > self._longest_wait:
            raise _busy()

    async def run(self, work: Callable[[], T]) -> T:
        """Return what `work` returns; raise Unavailable if it would wait, or has waited, too long."""
        self.check_room()
        self._taken += 1
        loop = asyncio.get_running_loop()
        future = self._executor.submit(self._timed, work, loop)
        # The place becomes free when the thread has finished, not when the caller stops waiting.
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))
        return await self._result(future)

    async def close(self) -> None:
        """Drop waiting work, and let running work finish."""
        await asyncio.to_thread(self._executor.shutdown, cancel_futures=True)

    async def _result(self, future: "Future[T]") -> T:
        answer = asyncio.wrap_future(future)
        try:
            await asyncio.wait({answer}, timeout=self._longest_wait)
        except asyncio.CancelledError:
            # If it has not begun, nobody needs it.
            future.cancel()
            raise
        # What has begun is worth its end. What has not was held up by work slower than was expected.
        if future.cancel():
            raise _busy()
        return await answer

    def _timed(self, work: Callable[[], T], loop: asyncio.AbstractEventLoop) -> T:
        began = self._clock()
        try:
            return work()
        finally:
            loop.call_soon_threadsafe(self._learn, self._clock() - began)

    def _learn(self, seconds: float) -> None:
        self._seconds += _LATEST * (seconds - self._seconds)

    def _leave(self) -> None:
        self._taken -= 1


def _busy() -> Unavailable:
    return Unavailable(
        "Too many passwords are being checked right now; try again in a few seconds",
        retry_after_seconds=_RETRY_SECONDS,
    )
