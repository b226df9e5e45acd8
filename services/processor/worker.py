"""A worker: it takes tasks from the queue, sends heartbeats, and takes over from silent workers."""

import asyncio
from collections.abc import Awaitable, Callable

import procrastinate
from procrastinate import BaseRetryStrategy, RetryDecision
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job

from services.common.clock import DatabaseClock
from services.common.database import FAILURES, Pool, is_outage
from services.common.logs import describe, log
from services.processor.economy.ending import BatchEndings
from services.processor.queue.store import REAP
from services.processor.queue.task_ends import TaskEnds
from services.processor.queue.tasks import ASSEMBLE, END_BATCHES, RESULTS, ROWS, RUN_SHARD
from services.processor.results.assembly import Assembler
from services.processor.rows.endings import TryAgain
from services.processor.rows.shards import ShardRuns
from services.processor.settings import WorkerSettings

_POLL_SECONDS = 1.0
_REAP_SECONDS = 1.0
_RESTART_SECONDS = 1.0
#: How many result files a worker assembles at once.
_ASSEMBLIES = 2
#: How long tasks may take after a drain; they only have to record that they are given back.
_LAST_SECONDS = 3.0
_LONGEST_RETRY_SECONDS = 30
_OUTAGE_SECONDS = 1


class AlwaysAgain(BaseRetryStrategy):
    """Never gives up a task; only the task's own rules end it."""

    def __init__(self, clock: DatabaseClock) -> None:
        self._clock = clock

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        """Return when the task is due again: when it asked to be, or later the more often it has failed."""
        if isinstance(exception, TryAgain):
            priority = None if exception.turn is None else -exception.turn
            return RetryDecision(retry_at=self._clock.after(exception.seconds), priority=priority)
        if not isinstance(exception, asyncio.CancelledError):
            log.error("task.failed", task=job.task_name, **describe(exception))
        seconds = min(2 * (job.attempts + 1), _LONGEST_RETRY_SECONDS)
        if is_outage(exception):
            seconds = _OUTAGE_SECONDS
        return RetryDecision(retry_at=self._clock.after(seconds))


class Worker:
    """Runs shards and assemblies until it is told to stop."""

    def __init__(
        self,
        settings: WorkerSettings,
        pool: Pool,
        clock: DatabaseClock,
        *,
        shards: ShardRuns,
        assembler: Assembler,
        endings: BatchEndings,
    ) -> None:
        self._settings = settings
        self._pool = pool
        self._shards = shards
        self._app = procrastinate.App(connector=procrastinate.PsycopgConnector())
        self._app.job_manager = TaskEnds(self._app.connector)
        again = AlwaysAgain(clock)
        self._app.task(name=RUN_SHARD, queue=ROWS, retry=again)(_run_shard(shards))
        self._app.task(name=ASSEMBLE, queue=RESULTS, retry=again)(_assemble(assembler))
        self._app.task(name=END_BATCHES, queue=RESULTS, retry=again)(_end_batches(endings))

    async def run(self, stop: asyncio.Event) -> None:
        """Take tasks until `stop` is set; then finish what is in flight or give it back."""
        async with self._app.open_async(self._pool):
            loops = [asyncio.ensure_future(each) for each in (self._reap(), self._shards.oversee())]
            # Assemblies have their own places, so that a job whose rows are paid for does not wait for
            # others' rows.
            places = {ROWS: self._settings.worker_shards, RESULTS: _ASSEMBLIES}
            taking = [asyncio.ensure_future(self._take_tasks(*each)) for each in places.items()]
            stopping = asyncio.ensure_future(stop.wait())
            try:
                await asyncio.wait([*taking, stopping, *loops], return_when=asyncio.FIRST_COMPLETED)
                draining = asyncio.ensure_future(self._shards.drain(self._settings.drain_seconds))
                for each in taking:
                    each.cancel()
                await draining
                await asyncio.gather(*taking, return_exceptions=True)
            finally:
                for task in (*taking, *loops, stopping):
                    task.cancel()
                ended = await asyncio.gather(*taking, *loops, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise error

    async def _take_tasks(self, queue: str, places: int) -> None:
        while True:
            try:
                await self._app.run_worker_async(
                    queues=[queue],
                    concurrency=places,
                    install_signal_handlers=False,
                    delete_jobs="successful",
                    fetch_job_polling_interval=_POLL_SECONDS,
                    update_heartbeat_interval=self._settings.heartbeat_seconds,
                    stalled_worker_timeout=self._settings.stalled_seconds,
                    shutdown_graceful_timeout=self._settings.drain_seconds + _LAST_SECONDS,
                )
                log.warning("worker.queue_lost")
            except (ConnectorException, *FAILURES) as error:
                log.warning("worker.queue_lost", **describe(error))
            # The database was away. Running work continues under its fence or is taken over.
            await asyncio.sleep(_RESTART_SECONDS)

    async def _reap(self) -> None:
        """Give the tasks of silent workers back. As a task of the queue, it could itself be silent."""
        while True:
            try:
                async with self._pool.connection() as connection:
                    cursor = await connection.execute(REAP, {"seconds": self._settings.stalled_seconds})
                    if taken := await cursor.fetchall():
                        log.warning("worker.took_over", tasks=len(taken))
            except FAILURES as error:
                log.warning("worker.not_reaping", **describe(error))
            await asyncio.sleep(_REAP_SECONDS)


def _run_shard(shards: ShardRuns) -> Callable[[str, int], Awaitable[None]]:
    async def run_shard(job: str, shard: int) -> None:
        await shards.run_shard(job, shard)

    return run_shard


def _assemble(assembler: Assembler) -> Callable[[str], Awaitable[None]]:
    async def assemble(job: str) -> None:
        await assembler.assemble(job)

    return assemble


def _end_batches(endings: BatchEndings) -> Callable[[str], Awaitable[None]]:
    async def end_batches(job: str) -> None:
        await endings.end(job)

    return end_batches
