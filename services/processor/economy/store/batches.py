"""Batches in Postgres: chosen, moved on and settled under their shard's fence."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from services.processor.economy.batch import Batch, JobStopped, NewBatch, State
from services.processor.economy.store import batch_sql as sql
from services.processor.jobs.economy import BATCH_ROUNDS, Economy
from services.processor.jobs.row_result import NewResult
from services.processor.rows.claims import Claim, FenceLost
from services.processor.rows.store.shards import commit_results

_SKIPPED_AT_ONCE = 1000


class BatchStore:
    """Batches of shards, as the workers that hold these see them."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> None:
        self._pool = pool

    async def current(self, claim: Claim) -> Batch | None:
        """Return the shard's batch that is under way, if there is one."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(sql.CURRENT, _about(claim), binary=True)).fetchone()
        return None if row is None else batch_of(row)

    async def spent(self, claim: Claim) -> set[tuple[int, int]]:
        """Return (step, row) of rows without a final result that go in no further batch.

        Where the rest goes in the ordinary way, that is after one batch, even one from before a resumption.
        """
        again = claim.economy == Economy.THEN_BATCH
        about = {"grant": claim.grant_id if again else "", "rounds": BATCH_ROUNDS if again else 1}
        async with self._pool.connection() as connection:
            cursor = await connection.execute(sql.SPENT, _about(claim) | about)
            return {(step, row) for step, row in await cursor.fetchall()}

    async def begun(self, claim: Claim, first: int, last: int) -> dict[int, bytes | None]:
        """Return the rows of a range with a result: None for finished ones, else the sealed one so far."""
        about = {"job": claim.job, "first": first, "last": last}
        async with self._pool.connection() as connection:
            return dict(await (await connection.execute(sql.BEGUN, about, binary=True)).fetchall())

    async def intend(self, claim: Claim, new: NewBatch, mark: str) -> bool:
        """Record a batch before anything of it is sent, and set its money aside.

        Returns False if the job's budget has less. Raises FenceLost.
        """
        about = _about(claim) | {
            "mark": mark,
            "grant": claim.grant_id,
            "step": new.step,
            "rows": list(new.rows),
            "left_out": sorted(new.left_out),
            "nanos": new.nanos,
        }
        async with self._pool.connection() as connection:
            await _hold(connection, claim)
            if claim.economy == Economy.THEN_BATCH:
                # Those of earlier grants count for no row, so a job that is resumed often keeps few.
                await connection.execute(sql.OLD, about)
            if await (await connection.execute(sql.LEASE, about)).fetchone() is None:
                return False
            await connection.execute(sql.INTEND, about)
        return True

    async def move(self, claim: Claim, batch: Batch, state: State, **found: Any) -> Batch:
        """Record a batch's next state with what was found out; raise FenceLost, or JobStopped.

        Before it is made, the job must still run: what is made after that could not be cancelled.
        """
        moved = replace(batch, state=state, **found)
        about = _about(claim, moved) | {
            "state": moved.state.value,
            "input_file": moved.input_file,
            "remote": moved.remote,
            "output_file": moved.output_file,
            "error_file": moved.error_file,
            "looks": moved.looks,
            "is_repeated": moved.is_repeated,
        }
        async with self._pool.connection() as connection:
            if state is State.MAKING:
                runs = await (await connection.execute(sql.RUNS, about)).fetchone()
                if runs is None:
                    raise JobStopped
            await _hold(connection, claim)
            await connection.execute(sql.MOVE, about)
        return moved

    async def commit(
        self,
        claim: Claim,
        batch: Batch,
        results: Sequence[NewResult],
        *,
        left: Collection[int],
        unsent: Collection[int],
    ) -> None:
        """Store results of a batch, and the rows that it answered without use; raise FenceLost.

        Those that are `unsent` were refused for a part that can be left out: they count as in no batch.
        """
        about = _about(claim, batch) | {
            "nanos": sum(each.cost_nanos for each in results),
            "left": sorted(left),
            "unsent": sorted(unsent),
        }
        async with self._pool.connection() as connection:
            if results:
                await commit_results(connection, claim, results)
            else:
                await _hold(connection, claim)
            await connection.execute(sql.ADD, about)

    async def skip_rows(self, claim: Claim, results: Sequence[NewResult]) -> None:
        """Store the results of rows that go in no batch, some at a time; raise FenceLost."""
        for first in range(0, len(results), _SKIPPED_AT_ONCE):
            async with self._pool.connection() as connection:
                await commit_results(connection, claim, results[first : first + _SKIPPED_AT_ONCE])

    async def settle(self, claim: Claim, batch: Batch, state: State) -> Batch:
        """Record that all of a batch was read, and give back what it did not use; raise FenceLost."""
        async with self._pool.connection() as connection:
            await _hold(connection, claim)
            await connection.execute(sql.SETTLE, _about(claim, batch) | {"state": state.value})
        return replace(batch, state=state)

    async def forget(self, claim: Claim, batch: Batch) -> None:
        """Remove a batch that the provider refused as a whole, so that it counts for no row."""
        async with self._pool.connection() as connection:
            await _hold(connection, claim)
            await connection.execute(sql.SETTLE, _about(claim, batch) | {"state": State.DONE.value})
            await connection.execute(sql.FORGET, _about(claim, batch))

    async def others_wait(self, claim: Claim) -> bool:
        """Whether another shard of the job has a batch at the provider."""
        return bool(await self._value(sql.OTHERS, _about(claim)))

    async def money_left(self, claim: Claim) -> int:
        """Return what is left of a job's budget, in billionths of a US dollar."""
        return int(await self._value(sql.LEFT, _about(claim)) or 0)

    async def _value(self, query: str, about: Mapping[str, Any]) -> Any:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(query.encode(), about)).fetchone()
        return row[0] if row else None


async def _hold(connection: AsyncConnection[TupleRow], claim: Claim) -> None:
    if await (await connection.execute(sql.HOLD, _about(claim))).fetchone() is None:
        raise FenceLost


def _about(claim: Claim, batch: Batch | None = None) -> dict[str, Any]:
    about: dict[str, Any] = {"job": claim.job, "shard": claim.number, "fence": claim.fence}
    return about if batch is None else about | {"number": batch.number}


def batch_of(row: Sequence[Any]) -> Batch:
    """Return a batch from its columns, in the order of the statements."""
    number, mark, grant, step, rows, left, left_out, state, *rest = row
    return Batch(
        number, mark, grant, step, tuple(rows), frozenset(left), frozenset(left_out), State(state), *rest
    )
