"""Shards as workers hold them: claimed and written under a fence, and ended together with what follows."""

from collections.abc import Sequence

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from services.processor.jobs.job import State
from services.processor.jobs.row_result import SKIPPED, NewResult
from services.processor.queue.store import defer_assembly, defer_shard, next_turn
from services.processor.queue.tasks import RUN_SHARD
from services.processor.rows.claims import Claim, FenceLost, ShardIncomplete, Waiting
from services.processor.rows.store import shard_sql as sql

_COUNTERS = ("succeeded", "failed", "skipped", "input", "output", "cost", "calls")


class ShardStore:
    """Claims, commits and ends shards."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> None:
        self._pool = pool

    async def claim(self, job: str, number: int) -> Claim | None:
        """Claim a shard; return None if it is done or its job does not run. Its previous holder loses it."""
        about = {"job": job, "number": number}
        async with self._pool.connection() as connection:
            row = await (await connection.execute(sql.CLAIM, about, binary=True)).fetchone()
            if row is None:
                state = await _held_state(connection, job)
                if state in (State.PENDING, State.RUNNING):
                    # The job was resumed in between, and its resumption relies on the task that this worker
                    # holds.
                    row = await (await connection.execute(sql.CLAIM, about, binary=True)).fetchone()
                elif state is State.PAUSED:
                    await connection.execute(sql.SET_ASIDE, about)
            if row is None:
                return None
            await connection.execute(sql.START, about)
        return Claim(job, number, *row)

    async def begun(self, claim: Claim) -> dict[int, bytes | None]:
        """Return the shard's rows with a result: None for finished rows, else the sealed result so far."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                sql.BEGUN, (claim.job, claim.first_row, claim.last_row), binary=True
            )
            return {row: None if state else payload for row, state, payload in await cursor.fetchall()}

    async def commit(self, claim: Claim, results: Sequence[NewResult]) -> None:
        """Store results and the shard's progress; raise FenceLost if another worker holds the shard."""
        async with self._pool.connection() as connection:
            await commit_results(connection, claim, results)

    async def finish(self, claim: Claim) -> None:
        """End a shard whose rows all have results, and queue what follows; raise FenceLost."""
        about = {"job": claim.job, "number": claim.number, "fence": claim.fence}
        async with self._pool.connection() as connection:
            done = await (await connection.execute(sql.FINISH, about)).fetchone()
            if done is None:
                raise FenceLost
            if sum(done[:3]) != claim.last_row - claim.first_row + 1:
                raise ShardIncomplete
            counters = dict(zip(_COUNTERS, done, strict=True))
            folded = await (await connection.execute(sql.FOLD, about | counters)).fetchone()
            assert folded is not None
            state, all_done = folded
            if state != "RUNNING":
                return
            if all_done:
                await defer_assembly(connection, claim.job)
                return
            following = await (await connection.execute(sql.TOP_UP, about | counters)).fetchone()
            if following is not None:
                await defer_shard(connection, account=claim.account, job=claim.job, shard=following[0])

    async def give_back(self, claim: Claim) -> int:
        """Record that a shard is given back on purpose; return its account's next turn."""
        async with self._pool.connection() as connection:
            await connection.execute(
                sql.GIVE_BACK, {"job": claim.job, "number": claim.number, "fence": claim.fence}
            )
            return await next_turn(connection, claim.account)

    async def waiting(self) -> list[Waiting]:
        """Return what the queue knows about each account with shards in it."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(sql.WAITING, {"task": RUN_SHARD})).fetchall()
        return [Waiting(*row) for row in rows]

    async def halt(self, claim: Claim) -> None:
        """Leave a shard of a job that is paused or has ended; if it was resumed, queue the shard again."""
        about = {"job": claim.job, "number": claim.number, "fence": claim.fence}
        async with self._pool.connection() as connection:
            goes_on = await _held_state(connection, claim.job) in (State.PENDING, State.RUNNING)
            state = "QUEUED" if goes_on else "HALTED"
            cursor = await connection.execute(sql.HALT, about | {"state": state})
            if goes_on and await cursor.fetchone() is not None:
                await defer_shard(connection, account=claim.account, job=claim.job, shard=claim.number)

    async def pause(
        self, job: str, pause: str, *, grant: str, reason: str, message: str, said: bytes = b""
    ) -> None:
        """Pause a job that still works under this grant id, unless it has ended; `said` is sealed."""
        about = {
            "job": job,
            "pause": pause,
            "grant": grant,
            "reason": reason,
            "message": message,
            "said": said,
        }
        async with self._pool.connection() as connection:
            await connection.execute(sql.PAUSE, about)

    async def waited(self, job: str) -> float:
        """Note that one of our own services keeps a job waiting; return for how many seconds it has."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(sql.NOTE_WAIT, {"job": job})).fetchone()
        return 0.0 if row is None else float(row[0])

    async def fail(self, job: str, *, reason: str, message: str) -> None:
        """End a job that cannot continue, unless it has ended."""
        async with self._pool.connection() as connection:
            await connection.execute(sql.FAIL, {"job": job, "reason": reason, "message": message})

    async def states(self, jobs: Sequence[str]) -> dict[str, State]:
        """Return the states of jobs; one that does not exist is missing."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(sql.STATES, (list(jobs),))).fetchall()
        return {id_: State(state) for id_, state in rows}

    async def mark_progress(self, jobs: Sequence[str]) -> None:
        """Mark the progress of jobs, for their rates; the first worker in each second does it for all."""
        async with self._pool.connection() as connection:
            await connection.execute(sql.MARK, {"jobs": list(jobs)})


async def _held_state(connection: AsyncConnection[TupleRow], job: str) -> State | None:
    row = await (await connection.execute(sql.HOLD_JOB, {"job": job})).fetchone()
    return None if row is None else State(row[0])


async def commit_results(
    connection: AsyncConnection[TupleRow], claim: Claim, results: Sequence[NewResult]
) -> None:
    """Store results and the shard's progress in the connection's transaction; raise FenceLost."""
    arguments = {
        "job": claim.job,
        "number": claim.number,
        "fence": claim.fence,
        "head": claim.head,
        "rows": [each.row for each in results],
        "states": [each.state for each in results],
        "attempts": [each.attempts for each in results],
        "reasons": [each.reason for each in results],
        "flags": [each.flags for each in results],
        "confidences": [each.confidence for each in results],
        "payloads": [each.payload for each in results],
        "input": [each.input_tokens for each in results],
        "output": [each.output_tokens for each in results],
        "costs": [each.cost_nanos for each in results],
        "estimated": any(each.is_estimated for each in results),
        "account": claim.account,
        # Sorted, so that commits of shards with the same answers take their locks in one order.
        **_kept(sorted(each.kept for each in results if each.kept)),
        **_by_model(results),
    }
    held = await (await connection.execute(sql.COMMIT, arguments)).fetchone()
    if held is None:
        raise FenceLost


def _kept(answers: Sequence[tuple[bytes, bytes]]) -> dict[str, list[bytes]]:
    return {"codes": [code for code, _ in answers], "answers": [sealed for _, sealed in answers]}


def _by_model(results: Sequence[NewResult]) -> dict[str, list[str] | list[int]]:
    """Return the usage of each model in a batch: every result is the end of one step, so it is one usage.

    A skipped row is the end of none.
    """
    sums: dict[str, list[int]] = {}
    for each in results:
        if each.state == SKIPPED:
            continue
        of_model = sums.setdefault(each.model, [0, 0, 0, 0])
        for nth, value in enumerate((1, each.input_tokens, each.output_tokens, each.cost_nanos)):
            of_model[nth] += value
    usages, tokens_in, tokens_out, costs = ([each[nth] for each in sums.values()] for nth in range(4))
    return {
        "models": [*sums],
        "usages": usages,
        "model_input": tokens_in,
        "model_output": tokens_out,
        "model_cost": costs,
    }
