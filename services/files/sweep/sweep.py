"""The sweep: deletes what is expired, temporary, marked or orphaned, in one replica at a time."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.common.errors import DomainError
from services.common.logs import describe, log
from services.files.exports import exports
from services.files.objects.discards import Discards

_BATCH = 200


class ObjectRecords(Protocol):
    """What rows say about objects."""

    def alone(self) -> AbstractAsyncContextManager[bool]: ...

    async def marked(self, count: int) -> list[str]: ...

    async def expire_temporary_results(self, before: datetime) -> int: ...

    async def expire_refused_uploads(self, before: datetime) -> int: ...

    async def expire_data_exports(self, before: datetime) -> int: ...

    async def holds_orphans(self) -> bool: ...

    async def mark_orphans(self, object_keys: Sequence[str], keep: timedelta) -> None: ...

    async def unnamed(self, keys: Sequence[str]) -> list[str]: ...


class Retention(Protocol):
    """Removes files whose retention period is over."""

    async def expire_files(self) -> int: ...


class Bucket(Protocol):
    """The contents of the bucket; its methods block."""

    def keys_older_than(self, moment: datetime) -> Iterator[list[str]]: ...

    def abort_uploads_older_than(self, moment: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class SweepTimes:
    """How often the sweep runs, and the age at which it removes things."""

    every_seconds: float
    temporary: timedelta
    refused: timedelta
    #: Must exceed the duration of any write, because an object is stored before its row.
    orphan: timedelta
    orphans_every: timedelta
    #: For how long an orphan is kept from when it was found: a restore to a later moment than the last one
    #: would need it.
    keep: timedelta = timedelta()


class Sweep:
    """Removes objects that nobody can reach."""

    def __init__(
        self,
        records: ObjectRecords,
        bucket: Bucket,
        *,
        retention: Retention,
        discards: Discards,
        executor: Executor,
        times: SweepTimes,
        clock: Callable[[], datetime],
    ) -> None:
        self._records = records
        self._bucket = bucket
        self._retention = retention
        self._discards = discards
        self._executor = executor
        self._times = times
        self._clock = clock
        self._looked: datetime | None = None

    async def run(self) -> None:
        """Sweep until cancelled; an error of a store is logged, and the next sweep tries again."""
        while True:
            try:
                await self.once()
            except DomainError as error:
                log.warning("sweep.failed", **describe(error))
            await asyncio.sleep(self._times.every_seconds)

    async def once(self) -> None:
        """Sweep once, unless another replica is sweeping."""
        async with self._records.alone() as alone:
            if not alone:
                return
            now = self._clock()
            await self._records.expire_temporary_results(now - self._times.temporary)
            await self._records.expire_refused_uploads(now - self._times.refused)
            await self._expire()
            await self._records.expire_data_exports(now - exports.KEPT)
            await self._discard_marked()
            if self._looked is None or now - self._looked >= self._times.orphans_every:
                self._looked = now
                await self._discard_orphans(now - self._times.orphan)

    async def _expire(self) -> None:
        while removed := await self._retention.expire_files():
            log.info("sweep.files_expired", objects=removed)

    async def _discard_marked(self) -> None:
        while marked := await self._records.marked(_BATCH):
            for object_key in marked:
                # The next batch would begin with the object that cannot be deleted now.
                if not await self._discards.discard(object_key):
                    return

    async def _discard_orphans(self, before: datetime) -> None:
        if await self._records.holds_orphans():
            log.warning("sweep.orphans_held", hint="smelt-ops restore finish")
            return
        loop = asyncio.get_running_loop()
        aborted = await loop.run_in_executor(self._executor, self._bucket.abort_uploads_older_than, before)
        pages = self._bucket.keys_older_than(before)
        removed = 0
        while page := await loop.run_in_executor(self._executor, next, pages, None):
            orphans = await self._records.unnamed(page)
            if self._times.keep:
                await self._records.mark_orphans(orphans, self._times.keep)
                continue
            for object_key in orphans:
                removed += await self._discards.discard(object_key)
        if aborted or removed:
            log.info("sweep.orphans_removed", objects=removed, uploads=aborted)
