"""The threads in which whole files are read; large ones are read in processes of their own."""

import asyncio
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from services.common.errors import Unavailable
from services.common.logs import describe, log
from services.files.parsing.process import ParseProcess
from services.files.reading.dialect import RequestedFormat
from services.files.reading.reader import Limits, Parsed, parse

#: A smaller file is read in a thread, sooner than a process starts. A higher value keeps the interpreter from
#: other requests for longer; a lower one starts processes for files that are not worth it.
_LARGE_BYTES = 4 * 1024 * 1024
_DETECT = RequestedFormat()


class ParsingThreads:
    """One thread for each file that is read: as many as there are places.

    A thread reads a large file in a child process while fewer than `processes` run, and otherwise by itself.
    """

    def __init__(self, at_once: int, *, processes: int = 0) -> None:
        self.executor = ThreadPoolExecutor(at_once, thread_name_prefix="parse")
        self._processes = threading.Semaphore(processes)

    def parse(self, pieces: Iterable[bytes], limits: Limits, requested: RequestedFormat = _DETECT) -> Parsed:
        """Read a whole upload, in one of the threads, as `reader.parse` does; may raise Unavailable."""
        source = iter(pieces)
        begun, size = deque[bytes](), 0
        for piece in source:
            begun.append(piece)
            size += len(piece)
            if size >= _LARGE_BYTES:
                break
        whole = _all(begun, source)
        if size < _LARGE_BYTES or not self._processes.acquire(blocking=False):
            return _parse_here(whole, limits, requested)
        try:
            process = _process()
            if process is None:
                return _parse_here(whole, limits, requested)
            with process:
                return process.parse(whole, limits, requested)
        finally:
            self._processes.release()

    async def close(self) -> None:
        """Let running uploads finish."""
        await asyncio.to_thread(self.executor.shutdown, cancel_futures=True)


def _all(begun: deque[bytes], rest: Iterator[bytes]) -> Iterator[bytes]:
    while begun:
        yield begun.popleft()
    yield from rest


def _process() -> ParseProcess | None:
    try:
        return ParseProcess()
    except OSError as error:
        # The machine cannot start another process.
        log.warning("parse.no_process", **describe(error))
        return None


def _parse_here(pieces: Iterator[bytes], limits: Limits, requested: RequestedFormat) -> Parsed:
    try:
        return parse(pieces, limits, requested)
    except OSError as error:
        # The disk is full of codes of counted cells; there may be room later.
        log.error("parse.failed", **describe(error))
        raise Unavailable from None
