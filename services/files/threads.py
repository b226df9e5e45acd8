"""Bridges between the event loop and the threads that parse, encrypt and call S3, with back-pressure."""

import asyncio
import queue
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import Executor
from itertools import islice
from typing import Any, TypeVar

from services.common import identity
from services.common.errors import DomainError
from services.common.turns import Turns

T = TypeVar("T")
R = TypeVar("R")

#: Pieces that may wait between the loop and a thread. With fewer, the two wait for each other more often;
#: more take more memory for each upload.
_DEPTH = 4
#: After this long without a piece, the thread gets an empty one and can look for a child process's answer.
#: Longer, and a refusal reaches a pausing sender later; shorter, and idle uploads wake threads more often.
_LOOK_SECONDS = 1.0
#: Threads that read for one account at a time, of the eight that there are by default. Fewer slow down a
#: person with many downloads; more let one person's downloads wait in front of everybody else's.
READERS_SHARE = 3
_turns = Turns(READERS_SHARE)


class Abandoned(Exception):
    """The sender of the pieces has gone; what was made of them must be removed."""


class _Pipe:
    """Pieces on their way from the event loop into one thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Semaphore(_DEPTH)
        self._queue: queue.SimpleQueue[bytes | BaseException | None] = queue.SimpleQueue()

    async def send(self, piece: bytes) -> None:
        """Hand over a piece as soon as there is room."""
        await self._room.acquire()
        self._queue.put(piece)

    def end(self, error: BaseException | None = None) -> None:
        """Say that no more pieces will come, and with an error, why."""
        self._queue.put(error)

    def pieces(self) -> Iterator[bytes]:
        """Yield the pieces, in the thread; an empty one while the sender pauses."""
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
            self._loop.call_soon_threadsafe(self._room.release)
            yield piece


async def fed(executor: Executor, source: AsyncIterable[bytes], work: Callable[[Iterator[bytes]], R]) -> R:
    """Run `work` in a thread over the pieces of a source; return its result. Empty pieces mark pauses.

    When the source fails or the caller is cancelled, the iterator of `work` raises that, and this function
    returns only after `work` has cleaned up. When `work` fails, the rest of the source is not read.
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
    """Run a generator in a thread and yield its items, some of them ahead of the consumer.

    The thread is taken for `at_once` items at a time and then given back, so a slow consumer keeps no thread
    from others. An account has a few threads at a time, so that its many readers leave some to others.
    """
    loop = asyncio.get_running_loop()
    account, runs = identity.account(), False
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
            # The items before the failure go out first; the next step raises it.
            failure.append(error)
        return items

    async def in_turn() -> list[T]:
        nonlocal runs
        async with _turns.of(account):
            runs = True
            try:
                return await loop.run_in_executor(executor, some)
            finally:
                runs = False

    step = asyncio.ensure_future(in_turn())
    try:
        while items := await asyncio.shield(step):
            step = asyncio.ensure_future(in_turn())
            for item in items:
                yield item
    finally:
        # A generator cannot be closed while it runs; a step that waits for its turn need not have it.
        if not runs:
            step.cancel()
        await asyncio.wait({step})
        if not step.cancelled():
            step.exception()
        await loop.run_in_executor(executor, source.close)
