"""Results on their way into the database: few large commits, and nobody goes on before theirs is done."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self

from services.common.database import FAILURES, is_outage
from services.common.logs import describe, log
from services.processor.jobs.row_result import NewResult
from services.processor.rows.claims import Claim

#: A commit takes at most so many results, and waits at most so long for more.
BATCH_ROWS = 250
BATCH_SECONDS = 0.05
#: Results are paid for: a database that restarts is waited for this long before they are given up.
PATIENCE_SECONDS = 30.0
_RETRY_SECONDS = 0.5

_Waiting = tuple[NewResult, "asyncio.Future[None]"]


class Store(Protocol):
    """Where results are kept."""

    async def commit(self, claim: Claim, results: Sequence[NewResult]) -> None: ...


class ResultWriter:
    """Writes the results of one shard, inside `async with`; on the way out it writes what is left.

    `put` returns when the result is durable, so that a lane makes no further call before.
    When nothing can be written any more, every `put` raises why.
    """

    def __init__(self, store: Store, claim: Claim, announce: Callable[[str], None]) -> None:
        self._store = store
        self._claim = claim
        self._announce = announce
        # Waiting for more than half of the calls would leave too few of them at work.
        self._enough = min(BATCH_ROWS, max(1, claim.calls // 2))
        self._waiting: list[_Waiting] = []
        self._arrived = asyncio.Event()
        self._full = asyncio.Event()
        self._failure: Exception | None = None
        self._committing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.ensure_future(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self._flush()
        while self._waiting and self._failure is None:
            await self._flush()
        if kind is None and self._failure is not None:
            raise self._failure

    async def put(self, result: NewResult) -> None:
        """Hand over a result; return when it is committed."""
        if self._failure is not None:
            raise self._failure
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((result, done))
        self._arrived.set()
        if len(self._waiting) >= self._enough:
            self._full.set()
        await done

    async def _run(self) -> None:
        while self._failure is None:
            await self._arrived.wait()
            if len(self._waiting) < self._enough:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(BATCH_SECONDS):
                        await self._full.wait()
            # A commit that was begun is carried through, so that nobody wonders whether it counted.
            await asyncio.shield(self._flush())

    async def _flush(self) -> None:
        async with self._committing:
            await self._flush_batch()

    async def _flush_batch(self) -> None:
        batch, self._waiting = self._waiting[:BATCH_ROWS], self._waiting[BATCH_ROWS:]
        if not self._waiting:
            self._arrived.clear()
        if len(self._waiting) < self._enough:
            self._full.clear()
        if not batch:
            return
        try:
            await self._commit([result for result, _ in batch])
        except Exception as error:  # noqa: BLE001  those who wait are told, and so is the shard
            self._fail(error, batch)
            return
        for _, done in batch:
            if not done.done():
                done.set_result(None)
        self._announce(self._claim.job)

    async def _commit(self, results: Sequence[NewResult]) -> None:
        patience = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                await self._store.commit(self._claim, results)
            except FAILURES as error:
                if not is_outage(error) or time.monotonic() > patience:
                    raise
                log.warning("results.retried", job=self._claim.job, **describe(error))
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    def _fail(self, error: Exception, batch: list[_Waiting]) -> None:
        self._failure = error
        for _, done in [*batch, *self._waiting]:
            if not done.done():
                done.set_exception(error)
                # Whoever was waiting may have been cancelled meanwhile; then nobody looks.
                done.exception()
        self._waiting.clear()
