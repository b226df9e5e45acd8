"""Results on their way into the database: few large commits, and each lane waits for its own."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self

from services.common.database import FAILURES, is_outage
from services.common.logs import describe, log
from services.processor.jobs.row_result import SKIPPED, SUCCEEDED, NewResult
from services.processor.metrics import ROWS
from services.processor.rows.claims import Claim

#: A commit takes at most BATCH_ROWS results, and waits at most BATCH_SECONDS for more. Smaller figures cost
#: more commits per row; larger ones keep lanes waiting, and their provider calls with them.
BATCH_ROWS = 250
BATCH_SECONDS = 0.05
#: How long results wait for a database that restarts. They are paid for, so giving up early wastes money;
#: waiting longer only delays the takeover of a shard whose worker cannot reach the database.
PATIENCE_SECONDS = 30.0
_RETRY_SECONDS = 0.5

_OUTCOMES = {SUCCEEDED: "succeeded", SKIPPED: "skipped"}

_Waiting = tuple[NewResult, "asyncio.Future[None]"]


class Store(Protocol):
    """Commits results."""

    async def commit(self, claim: Claim, results: Sequence[NewResult]) -> None: ...


class ResultWriter:
    """Writes the results of one shard, inside `async with`; on exit it writes what is left.

    `put` returns when the result is durable, so a lane makes no further call before that.
    Once results can no longer be written, every `put` raises the cause.
    """

    def __init__(self, store: Store, claim: Claim, announce: Callable[[str], None]) -> None:
        self._store = store
        self._claim = claim
        self._announce = announce
        # A batch waits for half of the calls at most; more would leave too few calls in flight.
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
            # A commit that was begun is completed, so that its outcome is known.
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
        except Exception as error:  # noqa: BLE001  waiting lanes must fail, and so must the shard
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
                for result in results:
                    ROWS.labels(_OUTCOMES.get(result.state, "failed")).inc()
                return

    def _fail(self, error: Exception, batch: list[_Waiting]) -> None:
        self._failure = error
        for _, done in [*batch, *self._waiting]:
            if not done.done():
                done.set_exception(error)
                # The waiting lane may have been cancelled; reading the exception keeps asyncio from logging
                # it.
                done.exception()
        self._waiting.clear()
