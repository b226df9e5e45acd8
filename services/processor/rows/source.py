"""The rows of a shard, given to its lanes one by one, and read at most one batch ahead."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from services.processor.outside import Rows


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A row to process; `begun` is the sealed result of the steps that are already done."""

    number: int
    cells: list[str]
    begun: bytes | None = None


class RowSource:
    """Gives out the rows that have no final result yet."""

    def __init__(self, batches: AsyncIterator[Rows], begun: Mapping[int, bytes | None]) -> None:
        self._batches = batches
        self._begun = begun
        self._ready: deque[SourceRow] = deque()
        self._reading = asyncio.Lock()
        self._ended = False

    async def next(self) -> SourceRow | None:
        """Return the next row; None if none is left or `stop` was called."""
        while not self._ready:
            if self._ended:
                return None
            async with self._reading:
                # Another lane may have read while this one waited for the lock.
                if not self._ready and not self._ended:
                    await self._read()
        return self._ready.popleft()

    def stop(self) -> None:
        """Give out no more rows."""
        self._ended = True
        self._ready.clear()

    async def _read(self) -> None:
        batch = await anext(self._batches, None)
        if batch is None:
            self._ended = True
            return
        for row in batch:
            begun = self._begun.get(row.number, b"")
            if begun is not None:
                self._ready.append(SourceRow(row.number, list(row.cells), begun or None))
