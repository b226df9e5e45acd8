"""The threads in which whole files are read; large ones are read in processes of their own."""

import asyncio
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from services.common.errors import Unavailable
from services.common.logs import describe, log
from services.files.errors import FileInvalidFormat, FileSheetNotFound
from services.files.parsing.confinement import Confinement
from services.files.parsing.form import Question
from services.files.parsing.process import ParseProcess
from services.files.parsing.read_file import KeepTable, OtherwiseReadable, ReadFile
from services.files.reading.dialect import RequestedFormat
from services.files.reading.reader import Limits, Parsed, parse
from services.files.workbooks.package import MAGIC_BYTES, is_package
from services.files.workbooks.workbook import WorkbookLimits

#: A smaller file is read in a thread, sooner than a process starts. A higher value keeps the interpreter from
#: other requests for longer; a lower one starts processes for files that are not worth it.
_LARGE_BYTES = 4 * 1024 * 1024
#: How long a workbook waits for its turn. It exceeds the time that the one before it may take.
_TURN_SECONDS = 300
_RETRY_SECONDS = 60
_DETECT = RequestedFormat()


@dataclass(frozen=True, slots=True)
class Workbooks:
    """How workbooks are read: within which limits and confinement, and how many at once."""

    limits: WorkbookLimits
    confinement: Confinement
    at_once: int


class ParsingThreads:
    """One thread for each file that is read: as many as there are places.

    A thread reads a large file in a child process while fewer than `processes` run, and otherwise by itself.
    A workbook is always read in a child process, which waits for its turn once it has the whole file.
    """

    def __init__(self, at_once: int, *, processes: int = 0, workbooks: Workbooks | None = None) -> None:
        self.executor = ThreadPoolExecutor(at_once, thread_name_prefix="parse")
        self._processes = threading.Semaphore(processes)
        self._workbooks = workbooks
        self._at_work = threading.Semaphore(workbooks.at_once if workbooks is not None else 0)

    def read(
        self,
        pieces: Iterable[bytes],
        limits: Limits,
        requested: RequestedFormat = _DETECT,
        *,
        keep: KeepTable,
    ) -> ReadFile:
        """Read a whole upload as `parse` does, or a workbook, whose table `keep` takes.

        Raises what is wrong with it, as OtherwiseReadable when that is a sheet or an option.
        """
        source = iter(pieces)
        begun, start = deque[bytes](), b""
        for piece in source:
            begun.append(piece)
            start += piece[:MAGIC_BYTES]
            if len(start) >= MAGIC_BYTES:
                break
        whole = _all(begun, source)
        if self._workbooks is not None and is_package(start):
            return self._read_workbook(whole, self._workbooks, limits, requested, keep=keep)
        if requested.sheet:
            raise OtherwiseReadable(
                FileSheetNotFound(sheet=requested.sheet[:100], problem="the file is no workbook"),
                (replace(requested, sheet=""),),
            )
        return ReadFile(self.parse(whole, limits, requested))

    def _read_workbook(
        self,
        pieces: Iterable[bytes],
        workbooks: Workbooks,
        limits: Limits,
        requested: RequestedFormat,
        *,
        keep: KeepTable,
    ) -> ReadFile:
        if requested.encoding or requested.delimiter:
            raise OtherwiseReadable(
                FileInvalidFormat(problem="a workbook has no encoding and no delimiter; leave them out"),
                (replace(requested, encoding="", delimiter=""),),
            )
        process = _process()
        if process is None:
            raise Unavailable
        question = Question(limits, requested, workbooks.limits, workbooks.confinement)
        with process:
            return process.read_workbook(pieces, question, keep=keep, turn=self._turn())

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._at_work.acquire(timeout=_TURN_SECONDS):
            raise Unavailable(
                "Too many workbooks are being read; try again in a minute",
                retry_after_seconds=_RETRY_SECONDS,
            )
        try:
            yield
        finally:
            self._at_work.release()

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
