"""Bridges between the event loop and the threads that parse, encrypt and speak S3, with back-pressure."""

import asyncio
import queue
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import Executor
from itertools import islice
from typing import Any, TypeVar

from services.common.errors import DomainError

T = TypeVar("T")
R = TypeVar("R")

#: So many pieces may wait between the loop and a thread.
_DEPTH = 4
#: Who takes pieces looks up so often while none comes.
_LOOK_SECONDS = 1.0


class Abandoned(Exception):
    """Whoever sent the pieces has gone; what was made of them must go too."""


class _Pipe:
    """Pieces on their way from the event loop into one thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._places = asyncio.Semaphore(_DEPTH)
        self._queue: queue.SimpleQueue[bytes | BaseException | None] = queue.SimpleQueue()

    async def send(self, piece: bytes) -> None:
        """Hand over a piece, once there is room."""
        await self._places.acquire()
        self._queue.put(piece)

    def end(self, error: BaseException | None = None) -> None:
        """Say that no more will come, or why."""
        self._queue.put(error)

    def pieces(self) -> Iterator[bytes]:
        """Draw the pieces, in the thread; an empty one comes while the sender pauses."""
        while True:
            try:
                piece = self._queue.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                yield b""
                continue
            if piece is None:
                return
            if isinstance(piece, BaseException):
                raise piece
            self._loop.call_soon_threadsafe(self._places.release)
            yield piece


async def fed(executor: Executor, source: AsyncIterable[bytes], work: Callable[[Iterator[bytes]], R]) -> R:
    """Run `work` in a thread over pieces that arrive here; return what it returns. Empty ones mark pauses.

    When the source fails or the caller is cancelled, `work` meets that as an exception from its
    iterator, and this returns only when it has cleaned up; when `work` fails, the source is left.
    """
    pipe = _Pipe()
    loop = asyncio.get_running_loop()
    working = loop.run_in_executor(executor, lambda: work(pipe.pieces()))
    feeding = asyncio.ensure_future(_feed(pipe, source))
    try:
        both: list[asyncio.Future[Any]] = [working, feeding]
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        pipe.end(Abandoned())
        await asyncio.wait({working})
        raise
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        if working.done() and not working.cancelled():
            working.exception()


async def _feed(pipe: _Pipe, source: AsyncIterable[bytes]) -> None:
    try:
        async for piece in source:
            await pipe.send(piece)
    except DomainError as error:
        pipe.end(error)
    except BaseException:
        pipe.end(Abandoned())
        raise
    else:
        pipe.end()


async def drawn(
    executor: Executor, source: Generator[T, None, None], *, at_once: int = 1
) -> AsyncIterator[T]:
    """Yield what a generator yields that runs in a thread, some items ahead of whoever takes them.

    The thread is held only while it draws, `at_once` items each time, so that who takes them slowly
    keeps no thread from others.
    """
    loop = asyncio.get_running_loop()

    failure: list[Exception] = []

    def some() -> list[T]:
        if failure:
            raise failure[0]
        items: list[T] = []
        try:
            for item in islice(source, at_once):
                items.append(item)
        except Exception as error:
            if not items:
                raise
            # What is good goes out first; then it is told that more is not.
            failure.append(error)
        return items

    step = loop.run_in_executor(executor, some)
    try:
        while items := await asyncio.shield(step):
            step = loop.run_in_executor(executor, some)
            for item in items:
                yield item
    finally:
        # A generator that runs cannot be closed.
        await asyncio.wait({step})
        if not step.cancelled():
            step.exception()
        await loop.run_in_executor(executor, source.close)
