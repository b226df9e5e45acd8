"""SQL for what owners do to jobs: pause, resume, reopen for rows to be sent again, remove."""

from dataclasses import dataclass, replace

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from services.common.identity import Passport
from services.common.store.generations import require_current_raw
from services.processor.jobs.control import NewGrant
from services.processor.jobs.economy import BatchesOpen
from services.processor.jobs.errors import (
    InvalidRowRange,
    JobFinished,
    JobNotCompleted,
    JobNotEnded,
    JobNotFound,
    JobNotPaused,
    NoFailedRows,
)
from services.processor.jobs.job import FINAL, GOES_ON, State
from services.processor.jobs.plan import cut_for
from services.processor.queue.store import defer_assembly, defer_shard

_LOCK = """
    SELECT state, pause_reason, first_row, last_row, parallel_calls, shards_done = shard_count, economy
    FROM job WHERE id = %(job)s AND account = %(account)s FOR NO KEY UPDATE
"""
_PAUSE = """
    UPDATE job SET state = 'PAUSED', pause_reason = 'USER', error_reason = '', error_message = '',
                   error_said = ''
    WHERE id = %(job)s
"""
_GO_ON = """
    UPDATE job SET
        state = CASE WHEN start_time IS NULL THEN 'PENDING' ELSE 'RUNNING' END,
        pause_reason = 'NOT_PAUSED', error_reason = '', error_message = '', error_said = '', end_time = NULL,
        mark_time = NULL, mark_rate = 0, down_time = NULL, probe_time = NULL, api_key = %(api_key)s,
        waits_since = NULL, waits_seen = NULL, assemblies = 0,
        max_cost_nanos = coalesce(%(max_cost_nanos)s, max_cost_nanos),
        economy = CASE WHEN %(ends_economy)s THEN 'OVER' ELSE economy END,
        sealed_grant = %(sealed_grant)s, grant_token = '', grant_id = %(grant_id)s,
        grant_expire_time = %(expire_time)s
    WHERE id = %(job)s
"""
# The grant stays, so a worker that still holds a shard under it goes on as well.
_AFTER_OUTAGE = """
    UPDATE job SET
        state = CASE WHEN start_time IS NULL THEN 'PENDING' ELSE 'RUNNING' END,
        pause_reason = 'NOT_PAUSED', error_reason = '', error_message = '', error_said = '',
        mark_time = NULL, mark_rate = 0, waits_since = NULL, waits_seen = NULL, assemblies = 0
    WHERE id = %(job)s
"""
_FAIL = """
    UPDATE job SET state = 'FAILED', error_reason = %(reason)s, error_message = %(message)s, error_said = '',
                   end_time = now()
    WHERE id = %(job)s
"""
# Only a completed job can be reopened, so a cancelled one gets no new rows while its rows are being removed.
_CLOSE = "UPDATE job SET state = 'CANCELLED' WHERE id = %(job)s AND state = 'COMPLETED'"
_REMOVED_AT_ONCE = 10_000
_REMOVE_ROWS = """
    DELETE FROM result WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM result
        WHERE job IN (SELECT id FROM job WHERE id = %(job)s AND account = %(account)s) LIMIT %(most)s
    ))
"""
_REMOVE = "DELETE FROM job WHERE id = %(job)s AND account = %(account)s AND state IN ('CANCELLED', 'FAILED')"
_FAILED_AGAIN = "UPDATE result SET state = 0 WHERE job = %(job)s AND state = 2 RETURNING row, 2 AS state"
_ROW_AGAIN = "DELETE FROM result WHERE job = %(job)s AND row = %(row)s AND state > 0 RETURNING row, state"
# A reopened shard's counters are taken out of the job's, and added again when the shard is done.
_REOPEN = """
    WITH again AS ({again}), touched AS (
        SELECT shard.number, shard.succeeded, shard.failed, shard.skipped, shard.input_tokens,
               shard.output_tokens, shard.cost_nanos,
               count(*) FILTER (WHERE again.state = 1) AS gone,
               count(*) FILTER (WHERE again.state = 2) AS fallen,
               count(*) FILTER (WHERE again.state = 3) AS passed
        FROM again JOIN shard ON shard.job = %(job)s AND again.row BETWEEN shard.first_row AND shard.last_row
        GROUP BY shard.job, shard.number
    ), opened AS (
        UPDATE shard SET state = 'HALTED', claims = 0,
                         succeeded = shard.succeeded - touched.gone, failed = shard.failed - touched.fallen,
                         skipped = shard.skipped - touched.passed
        FROM touched WHERE shard.job = %(job)s AND shard.number = touched.number
    ), total AS (
        SELECT count(*) AS shards,
               coalesce(sum(succeeded), 0) AS succeeded, coalesce(sum(failed), 0) AS failed,
               coalesce(sum(skipped), 0) AS skipped,
               coalesce(sum(input_tokens), 0) AS input_tokens,
               coalesce(sum(output_tokens), 0) AS output_tokens,
               coalesce(sum(cost_nanos), 0) AS cost_nanos
        FROM touched
    )
    UPDATE job SET
        shards_done = job.shards_done - total.shards,
        succeeded = job.succeeded - total.succeeded, failed = job.failed - total.failed,
        skipped = job.skipped - total.skipped,
        input_tokens = job.input_tokens - total.input_tokens,
        output_tokens = job.output_tokens - total.output_tokens,
        cost_nanos = job.cost_nanos - total.cost_nanos,
        mark_done = 0
    FROM total WHERE job.id = %(job)s
    RETURNING total.shards
"""
_OCCUPIED = "SELECT count(*) FROM shard WHERE job = %(job)s AND state IN ('QUEUED', 'RUNNING')"
_SETTLE = """
    UPDATE job SET reserved_nanos = cost_nanos + coalesce((
        SELECT sum(shard.cost_nanos) FROM shard
        WHERE shard.job = job.id AND shard.state IN ('QUEUED', 'RUNNING', 'HALTED')
    ), 0) + coalesce((SELECT sum(batch.reserved_nanos) FROM batch WHERE batch.job = job.id), 0)
    WHERE id = %(job)s
"""
_BATCHES_OPEN = "SELECT FROM batch WHERE job = %(job)s AND state <> 'DONE' LIMIT 1"
# Shards that were begun go first: HALTED sorts before WAITING.
_FILL = """
    WITH next AS (
        SELECT number, row_number() OVER (ORDER BY state, number) AS nth
        FROM shard WHERE job = %(job)s AND state IN ('HALTED', 'WAITING')
        ORDER BY state, number LIMIT %(count)s
    )
    UPDATE shard SET state = 'QUEUED', calls = (%(calls)s::int[])[next.nth]
    FROM next WHERE shard.job = %(job)s AND shard.number = next.number
    RETURNING shard.number
"""


class JobControlStore:
    """Changes the state of jobs. Each change takes the job's lock first, as workers do."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> None:
        self._pool = pool

    async def pause(self, account: str, job: str) -> bool:
        """Pause a job; return whether this call paused it. Raises JobNotFound or JobFinished.

        One that waits for its provider or a service waits for its owner from now on.
        """
        async with self._pool.connection() as connection:
            held = await _locked(connection, account, job)
            if held.state in FINAL:
                raise JobFinished
            runs = held.state is not State.PAUSED or held.pause_reason in GOES_ON
            if runs:
                await connection.execute(_PAUSE, {"job": job})
        return runs

    async def resume(self, person: Passport, job: str, grant: NewGrant) -> bool:
        """Resume a job; return whether no worker holds the old grant.

        Raises JobNotFound, JobNotPaused, or Unauthenticated for a passport from before the account's last
        suspension.
        """
        account = person.account
        async with self._pool.connection() as connection:
            await require_current_raw(connection, person)
            held = await _locked(connection, account, job)
            if held.state is not State.PAUSED:
                raise JobNotPaused
            await _go_on(connection, job, grant)
            return await _fill(connection, account, job, held)

    async def go_on_after_outage(self, account: str, job: str) -> bool:
        """Resume a job that waits for its provider or a service, under its grant; return if it still waited.

        What its owner did meanwhile counts, and of two workers one resumes it. Raises JobNotFound.
        """
        async with self._pool.connection() as connection:
            held = await _locked(connection, account, job)
            if held.state is not State.PAUSED or held.pause_reason not in GOES_ON:
                return False
            await connection.execute(_AFTER_OUTAGE, {"job": job})
            await _fill(connection, account, job, held)
        return True

    async def refill(self, account: str, job: str) -> bool:
        """Queue shards of a job that runs with none queued; return whether it did. Raises JobNotFound."""
        async with self._pool.connection() as connection:
            held = await _locked(connection, account, job)
            if held.state not in (State.PENDING, State.RUNNING) or held.all_done:
                return False
            return await _fill(connection, account, job, held)

    async def fail(self, account: str, job: str, *, reason: str, message: str) -> None:
        """End a job that its owner wanted to go on and that cannot; raise JobNotFound."""
        async with self._pool.connection() as connection:
            if (await _locked(connection, account, job)).state is State.PAUSED:
                await connection.execute(_FAIL, {"job": job, "reason": reason, "message": message})

    async def retry_failed(self, person: Passport, job: str, grant: NewGrant) -> None:
        """Reopen a job for its failed rows; raise JobNotFound, JobNotCompleted or NoFailedRows.

        Like `resume`, it raises Unauthenticated.
        """
        await self._reopen(person, job, grant, again=_FAILED_AGAIN, row=0)

    async def regenerate(self, person: Passport, job: str, row: int, grant: NewGrant) -> None:
        """Reopen a job for one row; raise JobNotFound, JobNotCompleted or InvalidRowRange.

        Like `resume`, it raises Unauthenticated.
        """
        await self._reopen(person, job, grant, again=_ROW_AGAIN, row=row)

    async def close(self, account: str, job: str) -> None:
        """Make sure that a job that has ended cannot be reopened.

        Raises JobNotFound, JobNotEnded, or BatchesOpen while batches of it are being cancelled.
        """
        async with self._pool.connection() as connection:
            if (await _locked(connection, account, job)).state not in FINAL:
                raise JobNotEnded
            if await (await connection.execute(_BATCHES_OPEN, {"job": job})).fetchone() is not None:
                raise BatchesOpen
            await connection.execute(_CLOSE, {"job": job})

    async def remove(self, account: str, job: str) -> None:
        """Remove a closed job. Its rows go first, in batches, so that no statement takes long."""
        about = {"job": job, "account": account, "most": _REMOVED_AT_ONCE}
        removed = _REMOVED_AT_ONCE
        while removed == _REMOVED_AT_ONCE:
            async with self._pool.connection() as connection:
                removed = (await connection.execute(_REMOVE_ROWS, about)).rowcount
        async with self._pool.connection() as connection:
            await connection.execute(_REMOVE, about)

    async def _reopen(self, person: Passport, job: str, grant: NewGrant, *, again: str, row: int) -> None:
        account = person.account
        async with self._pool.connection() as connection:
            await require_current_raw(connection, person)
            held = await _locked(connection, account, job)
            if held.state is not State.COMPLETED:
                raise JobNotCompleted
            query = _REOPEN.format(again=again).encode()
            opened = await (await connection.execute(query, {"job": job, "row": row})).fetchone()
            if not opened or not opened[0]:
                raise InvalidRowRange(first_row=str(row), last_row=str(row)) if row else NoFailedRows
            await _go_on(connection, job, grant)
            await _fill(connection, account, job, replace(held, all_done=False))


@dataclass(frozen=True, slots=True)
class _Held:
    """A job under its lock."""

    state: State
    pause_reason: str
    first: int
    last: int
    calls: int
    all_done: bool
    economy: str


async def _locked(connection: AsyncConnection[TupleRow], account: str, job: str) -> _Held:
    row = await (await connection.execute(_LOCK, {"job": job, "account": account})).fetchone()
    if row is None:
        raise JobNotFound
    state, *others = row
    return _Held(State(state), *others)


async def _go_on(connection: AsyncConnection[TupleRow], job: str, grant: NewGrant) -> None:
    await connection.execute(
        _GO_ON,
        {
            "job": job,
            "api_key": grant.api_key,
            "sealed_grant": grant.minted.sealed,
            "grant_id": grant.minted.id,
            "expire_time": grant.minted.expire_time,
            "max_cost_nanos": grant.max_cost_nanos,
            "ends_economy": grant.ends_economy,
        },
    )


async def _fill(connection: AsyncConnection[TupleRow], account: str, job: str, held: _Held) -> bool:
    """Queue as many shards as the job's window has room for; return whether the window was empty."""
    if held.all_done:
        await defer_assembly(connection, job)
        return True
    found = await (await connection.execute(_OCCUPIED, {"job": job})).fetchone()
    occupied: int = found[0] if found else 0
    if not occupied:
        # No worker holds a lease on the job's budget, so what killed workers had leased is free again.
        await connection.execute(_SETTLE, {"job": job})
    shares = cut_for(held.last - held.first + 1, held.calls, held.economy).calls
    # Shards that are still in work keep their calls; the rest of the window gets the smaller shares.
    free = sorted(shares)[: max(0, len(shares) - occupied)]
    cursor = await connection.execute(_FILL, {"job": job, "count": len(free), "calls": free})
    for (number,) in await cursor.fetchall():
        await defer_shard(connection, account=account, job=job, shard=number)
    return occupied == 0
