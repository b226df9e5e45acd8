"""Uploads that could not be read: kept for a while, with options that would make files of them."""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

from services.common.errors import DomainError
from services.common.logs import describe, log
from services.files.library.sealed_parse import binding_of
from services.files.library.stored_file import StoredFile
from services.files.objects.discards import Discards
from services.files.objects.sealed import Objects, drain, read_all
from services.files.parsing.offers import Offer, search, search_others
from services.files.parsing.read_file import KeepTable, OtherwiseReadable, ReadFile
from services.files.parsing.threads import ParsingThreads
from services.files.reading.dialect import RequestedFormat
from services.files.reading.mending import MENDABLE
from services.files.reading.reader import Limits
from services.files.threads import Abandoned

T = TypeVar("T")
#: What other options may mend.
Refusal = DomainError | OtherwiseReadable
REFUSALS = (OtherwiseReadable, *MENDABLE)


class UploadRefused(Exception):
    """A file that could not be read: why, and what would read it.

    `expire_time` is when the upload is removed; None for a file, which stays as it was.
    """

    def __init__(
        self, refusal: DomainError, file_id: str, offers: tuple[Offer, ...], expire_time: datetime | None
    ) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.file_id = file_id
        self.offers = offers
        self.expire_time = expire_time


class KeepsRefused(Protocol):
    """Where refused uploads are recorded."""

    async def keep(self, file: StoredFile, *, most: int) -> tuple[StoredFile, list[str]]:
        """Keep an upload; return it, or the one with the same bytes, and objects that made way for it."""
        ...

    async def get(self, account: str, file_id: str, *, since: datetime) -> StoredFile | None:
        """Return an upload that was refused since a moment."""
        ...


@dataclass(frozen=True, slots=True)
class Keeping:
    """How many refused uploads an account may have, and for how long each is kept."""

    most: int
    time: timedelta


class RefusedUploads:
    """Keeps what could not be read, and finds out how it could be."""

    def __init__(
        self,
        store: KeepsRefused,
        objects: Objects,
        *,
        discards: Discards,
        threads: ParsingThreads,
        limits: Limits,
        keeping: Keeping,
        seconds: float,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._objects = objects
        self._discards = discards
        self._threads = threads
        self._limits = limits
        self._keeping = keeping
        self._seconds = seconds
        self._clock = clock

    async def find(self, account: str, file_id: str) -> StoredFile | None:
        """Return an upload that is still kept."""
        return await self._store.get(account, file_id, since=self._clock() - self._keeping.time)

    async def keep(
        self, file: StoredFile, key: bytearray, options: RequestedFormat, refusal: Refusal
    ) -> UploadRefused:
        """Keep an upload whose object is written; return the refusal with the name and with offers."""
        async with self._discards.unless_recorded(file.object.key):
            kept, removed = await self._store.keep(file, most=self._keeping.most)
        offers = await self._offers(file, key, options, refusal)
        if kept.id != file.id:
            # The same bytes are there already, under a name that was told before.
            removed.append(file.object.key)
        await self._discards.discard_all(removed)
        return UploadRefused(_error_of(refusal), kept.id, offers, kept.create_time + self._keeping.time)

    async def explain(
        self, file: StoredFile, key: bytearray, options: RequestedFormat, refusal: Refusal
    ) -> UploadRefused:
        """Return the refusal of a stored file, or of a kept upload, with offers."""
        offers = await self._offers(file, key, options, refusal)
        is_file = file.parse.version > 0
        return UploadRefused(
            _error_of(refusal), file.id, offers, None if is_file else file.create_time + self._keeping.time
        )

    async def _offers(
        self, file: StoredFile, key: bytearray, options: RequestedFormat, refusal: Refusal
    ) -> tuple[Offer, ...]:
        ended = threading.Event()
        pieces = partial(self._pieces, file, key, ended)
        work: Callable[[], tuple[Offer, ...]]
        if isinstance(refusal, OtherwiseReadable):
            work = partial(search_others, pieces, self._read, refusal, options)
        else:
            work = partial(
                search,
                pieces,
                lambda pieces, tried: self._threads.parse(pieces, self._limits, tried),
                options,
                refusal,
                size=file.object.size,
            )
        return await _stopped_in_time(self._threads.executor, work, ended, self._seconds)

    def _read(self, pieces: Iterable[bytes], tried: RequestedFormat, keep: KeepTable) -> ReadFile:
        return self._threads.read(pieces, self._limits, tried, keep=keep)

    def _pieces(self, file: StoredFile, key: bytearray, ended: threading.Event) -> Iterator[bytes]:
        source = read_all(self._objects, file.object, key=key, associated_data=binding_of(file))
        try:
            for piece in source:
                if ended.is_set():
                    raise Abandoned
                yield piece
        finally:
            source.close()


def _error_of(refusal: Refusal) -> DomainError:
    return refusal.refusal if isinstance(refusal, OtherwiseReadable) else refusal


def or_refusal(read: Callable[[Iterator[bytes]], T], pieces: Iterator[bytes]) -> T | Refusal:
    """Read a file; return the refusal if other options may mend it, after the rest of the file has come."""
    try:
        return read(pieces)
    except REFUSALS as refusal:
        drain(pieces)
        return refusal


async def _stopped_in_time(
    executor: Executor, work: Callable[[], tuple[Offer, ...]], ended: threading.Event, seconds: float
) -> tuple[Offer, ...]:
    """Return what a search finds in time, and nothing afterwards; the thread has ended in any case."""
    working = asyncio.get_running_loop().run_in_executor(executor, work)
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.shield(working)
    except TimeoutError:
        return ()
    except DomainError as error:
        # The refusal itself matters more than what would mend it.
        log.warning("offers.failed", **describe(error))
        return ()
    finally:
        ended.set()
        await asyncio.wait({working})
        working.exception()
