"""Shards as workers hold them: claimed under a fence, written under it, ended together with what follows."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from services.processor.job import State
from services.processor.queue import ASSEMBLE, RUN_SHARD, defer

_CLAIM = """
    UPDATE shard SET state = 'RUNNING', fence = nextval('fence'), claims = shard.claims + 1
    FROM job
    WHERE job.id = shard.job AND shard.job = %(job)s AND shard.number = %(number)s
      AND shard.state <> 'DONE' AND job.state IN ('PENDING', 'RUNNING')
    RETURNING shard.fence, shard.claims, shard.first_row, shard.last_row, shard.calls,
              job.account, job.file, job.parse, job.api_key, job.wrapped_key, job.snapshot, job.grant_token
"""
_START = """
    UPDATE job SET state = 'RUNNING', start_time = coalesce(start_time, now())
    WHERE id = %(job)s AND state = 'PENDING'
"""
# A task that meets a paused job is used up; the shard is for whoever resumes the job.
_SET_ASIDE = """
    UPDATE shard SET state = 'HALTED' FROM job
    WHERE job.id = shard.job AND shard.job = %(job)s AND shard.number = %(number)s
      AND shard.state IN ('QUEUED', 'RUNNING') AND job.state = 'PAUSED'
"""
_BEGUN = "SELECT row, state, payload FROM result WHERE job = %s AND row BETWEEN %s AND %s"
# One statement, so one round trip: the fence is checked, rows are added, progress is counted.
_COMMIT = """
    WITH held AS (
        SELECT job, number FROM shard
        WHERE job = %(job)s AND number = %(number)s AND fence = %(fence)s AND state = 'RUNNING'
        FOR UPDATE
    ), new AS (
        SELECT * FROM unnest(
            %(rows)b::int[], %(states)b::smallint[], %(attempts)b::smallint[],
            %(reasons)s::text[], %(payloads)b::bytea[], %(input)b::int[], %(output)b::int[]
        ) AS n(row, state, attempts, reason, payload, input_tokens, output_tokens)
    ), added AS (
        INSERT INTO result (job, row, state, attempts, reason, payload)
        SELECT held.job, new.row, new.state, new.attempts, new.reason, new.payload FROM held, new
        ON CONFLICT (job, row) DO UPDATE SET
            state = excluded.state, attempts = excluded.attempts,
            reason = excluded.reason, payload = excluded.payload
        WHERE result.state = 0
        RETURNING row, state
    ), counted AS (
        SELECT count(*) FILTER (WHERE added.state = 1) AS succeeded,
               count(*) FILTER (WHERE added.state = 2) AS failed,
               coalesce(sum(new.input_tokens), 0) AS input_tokens,
               coalesce(sum(new.output_tokens), 0) AS output_tokens
        FROM added JOIN new USING (row)
    )
    UPDATE shard SET
        claims = 1,
        succeeded = shard.succeeded + counted.succeeded,
        failed = shard.failed + counted.failed,
        input_tokens = shard.input_tokens + counted.input_tokens,
        output_tokens = shard.output_tokens + counted.output_tokens
    FROM held, counted
    WHERE shard.job = held.job AND shard.number = held.number
    RETURNING shard.number
"""
_FINISH = """
    UPDATE shard SET state = 'DONE'
    WHERE job = %(job)s AND number = %(number)s AND fence = %(fence)s AND state = 'RUNNING'
    RETURNING succeeded, failed, input_tokens, output_tokens, calls
"""
_FOLD = """
    UPDATE job SET
        succeeded = succeeded + %(succeeded)s, failed = failed + %(failed)s,
        input_tokens = input_tokens + %(input)s, output_tokens = output_tokens + %(output)s,
        shards_done = shards_done + 1,
        -- A job whose rows are all done has nothing left to pause for.
        state = CASE WHEN state = 'PAUSED' AND shards_done + 1 = shard_count THEN 'RUNNING' ELSE state END
    WHERE id = %(job)s
    RETURNING state, shards_done = shard_count
"""
_TOP_UP = """
    UPDATE shard SET state = 'QUEUED', calls = %(calls)s
    WHERE job = %(job)s AND number = (
        SELECT number FROM shard WHERE job = %(job)s AND state = 'WAITING' ORDER BY number LIMIT 1
    )
    RETURNING number
"""
_HALT = """
    UPDATE shard SET state = 'HALTED'
    WHERE job = %(job)s AND number = %(number)s AND fence = %(fence)s AND state = 'RUNNING'
"""
# A shard that was given back on purpose was not tried in vain.
_GIVE_BACK = """
    UPDATE shard SET claims = greatest(claims - 1, 0)
    WHERE job = %(job)s AND number = %(number)s AND fence = %(fence)s AND state = 'RUNNING'
"""
_PAUSE = """
    UPDATE job SET state = 'PAUSED', pause_reason = %(pause)s, error_reason = %(reason)s,
                   error_message = %(message)s
    WHERE id = %(job)s AND state IN ('PENDING', 'RUNNING')
"""
_FAIL = """
    UPDATE job SET state = 'FAILED', error_reason = %(reason)s, error_message = %(message)s, end_time = now()
    WHERE id = %(job)s AND state IN ('PENDING', 'RUNNING', 'PAUSED')
"""
_STATES = "SELECT id, state FROM job WHERE id = ANY(%s)"
# Half of the old rate and half of the new one: steady enough to show, quick enough to follow.
_MARK = """
    WITH seen AS (
        SELECT job.id, job.mark_time, job.mark_done, job.mark_rate, job.start_time,
               job.succeeded + job.failed + coalesce((
                   SELECT sum(shard.succeeded + shard.failed) FROM shard
                   WHERE shard.job = job.id AND shard.state IN ('RUNNING', 'HALTED')
               ), 0) AS done
        FROM job
        WHERE job.id = ANY(%(jobs)s) AND job.state = 'RUNNING' AND job.start_time IS NOT NULL
          AND coalesce(job.mark_time, job.start_time) < now() - interval '1 second'
    ), moved AS (
        SELECT id, done, mark_rate AS old, mark_time IS NULL AS first,
               (done - mark_done) / extract(epoch FROM now() - coalesce(mark_time, start_time)) AS rate
        FROM seen
    )
    UPDATE job SET mark_time = now(), mark_done = moved.done,
                   mark_rate = CASE WHEN moved.first THEN moved.rate ELSE (moved.old + moved.rate) / 2 END
    FROM moved WHERE job.id = moved.id
"""


class FenceLost(Exception):
    """Another worker holds the shard now: nothing of ours may be written any more."""


class ShardIncomplete(Exception):
    """Rows are missing although none was left: the file gave fewer than it has."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A shard that this worker holds, and what its job brings along."""

    job: str
    number: int
    fence: int
    claims: int
    first_row: int
    last_row: int
    calls: int
    account: str
    file: str
    parse: int
    api_key: str
    wrapped_key: bytes
    snapshot: bytes
    grant: str

    @property
    def job_name(self) -> str:
        """The job's resource name."""
        return f"jobs/{self.job}"


@dataclass(frozen=True, slots=True)
class NewResult:
    """A result on its way into the database."""

    row: int
    state: int
    attempts: int
    reason: str
    payload: bytes
    input_tokens: int
    output_tokens: int


class ShardStore:
    """Claims, commits and ends shards."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> None:
        self._pool = pool

    async def claim(self, job: str, number: int) -> Claim | None:
        """Take a shard; None when it is done or its job does not run. Whoever held it before has lost it."""
        about = {"job": job, "number": number}
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_CLAIM, about, binary=True)).fetchone()
            if row is None:
                await connection.execute(_SET_ASIDE, about)
                return None
            await connection.execute(_START, about)
        return Claim(job, number, *row)

    async def begun(self, claim: Claim) -> dict[int, bytes | None]:
        """Return the shard's rows that have a result already: None for finished ones, else what is there."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                _BEGUN, (claim.job, claim.first_row, claim.last_row), binary=True
            )
            return {row: None if state else payload for row, state, payload in await cursor.fetchall()}

    async def commit(self, claim: Claim, results: Sequence[NewResult]) -> None:
        """Store results and the shard's progress; raise FenceLost when the shard is not ours any more."""
        arguments = {
            "job": claim.job,
            "number": claim.number,
            "fence": claim.fence,
            "rows": [each.row for each in results],
            "states": [each.state for each in results],
            "attempts": [each.attempts for each in results],
            "reasons": [each.reason for each in results],
            "payloads": [each.payload for each in results],
            "input": [each.input_tokens for each in results],
            "output": [each.output_tokens for each in results],
        }
        async with self._pool.connection() as connection:
            held = await (await connection.execute(_COMMIT, arguments)).fetchone()
        if held is None:
            raise FenceLost

    async def finish(self, claim: Claim) -> None:
        """End a shard whose rows all have results, and put into the queue what follows; raise FenceLost."""
        about = {"job": claim.job, "number": claim.number, "fence": claim.fence}
        async with self._pool.connection() as connection:
            done = await (await connection.execute(_FINISH, about)).fetchone()
            if done is None:
                raise FenceLost
            if done[0] + done[1] != claim.last_row - claim.first_row + 1:
                raise ShardIncomplete
            counters = dict(zip(("succeeded", "failed", "input", "output", "calls"), done, strict=True))
            folded = await (await connection.execute(_FOLD, about | counters)).fetchone()
            assert folded is not None
            state, all_done = folded
            if state != "RUNNING":
                return
            if all_done:
                await defer(connection, ASSEMBLE, {"job": claim.job}, lock=f"assemble/{claim.job}")
                return
            following = await (await connection.execute(_TOP_UP, about | counters)).fetchone()
            if following is not None:
                await defer(connection, RUN_SHARD, {"job": claim.job, "shard": following[0]})

    async def give_back(self, claim: Claim) -> None:
        """Say that a shard is left on purpose and will be claimed again."""
        async with self._pool.connection() as connection:
            await connection.execute(
                _GIVE_BACK, {"job": claim.job, "number": claim.number, "fence": claim.fence}
            )

    async def halt(self, claim: Claim) -> None:
        """Leave a shard where it is, for a job that is paused or has ended."""
        async with self._pool.connection() as connection:
            await connection.execute(_HALT, {"job": claim.job, "number": claim.number, "fence": claim.fence})

    async def pause(self, job: str, pause: str, *, reason: str, message: str) -> None:
        """Pause a job, unless it has ended."""
        about = {"job": job, "pause": pause, "reason": reason, "message": message}
        async with self._pool.connection() as connection:
            await connection.execute(_PAUSE, about)

    async def fail(self, job: str, *, reason: str, message: str) -> None:
        """End a job that cannot go on, unless it has ended."""
        async with self._pool.connection() as connection:
            await connection.execute(_FAIL, {"job": job, "reason": reason, "message": message})

    async def states(self, jobs: Sequence[str]) -> dict[str, State]:
        """Return where jobs are; one that is not there is missing."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_STATES, (list(jobs),))).fetchall()
        return {id_: State(state) for id_, state in rows}

    async def mark(self, jobs: Sequence[str]) -> None:
        """Note how far jobs are, for their rate; whichever worker comes first in a second does it."""
        async with self._pool.connection() as connection:
            await connection.execute(_MARK, {"jobs": list(jobs)})
