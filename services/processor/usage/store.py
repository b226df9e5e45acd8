"""SQL for usage by account, day and model, and for money that is set aside for calls."""

from collections.abc import Sequence
from datetime import date

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row
from psycopg_pool import AsyncConnectionPool

from services.processor.usage.meter import DayUse

_BETWEEN = """
    SELECT day, model, sum(usages)::bigint AS used, sum(input_tokens)::bigint AS input_tokens,
           sum(output_tokens)::bigint AS output_tokens, sum(cost_nanos)::bigint AS cost_nanos,
           bool_or(is_estimated) AS is_estimated
    FROM usage_day WHERE account = %s AND day BETWEEN %s AND %s GROUP BY day, model ORDER BY day, model
"""
_USED = "SELECT coalesce(sum(usages), 0)::bigint FROM usage_day WHERE account = %s AND day >= %s"
_ADD = """
    INSERT INTO usage_day (
        account, day, model, slot, usages, input_tokens, output_tokens, cost_nanos, is_estimated
    )
    VALUES (%s, %s, %s, 0, %s, %s, %s, %s, %s)
    ON CONFLICT (account, day, model, slot) DO UPDATE SET
        usages = usage_day.usages + excluded.usages,
        input_tokens = usage_day.input_tokens + excluded.input_tokens,
        output_tokens = usage_day.output_tokens + excluded.output_tokens,
        cost_nanos = usage_day.cost_nanos + excluded.cost_nanos,
        is_estimated = usage_day.is_estimated OR excluded.is_estimated
"""
_LEASE = """
    UPDATE job SET reserved_nanos = reserved_nanos + %(nanos)s
    WHERE id = %(job)s AND reserved_nanos + %(nanos)s <= max_cost_nanos
    RETURNING id
"""
_GIVE_BACK = "UPDATE job SET reserved_nanos = greatest(0, reserved_nanos - %(nanos)s) WHERE id = %(job)s"
# Jobs whose account has used up its plan. This runs per job, of which there are few, not per row.
_OVER = """
    SELECT id FROM job WHERE id = ANY(%(jobs)s) AND (
        SELECT coalesce(sum(usages), 0) FROM usage_day
        WHERE usage_day.account = job.account AND day >= %(first)s
    ) >= %(limit)s
"""


class UsageStore:
    """Counts usage, and sets money aside."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> None:
        self._pool = pool

    async def between(self, account: str, first: date, last: date) -> Sequence[DayUse]:
        """Return an account's usage by day and model, of two days and those between."""
        async with (
            self._pool.connection() as connection,
            connection.cursor(row_factory=class_row(DayUse)) as cursor,
        ):
            await cursor.execute(_BETWEEN, (account, first, last))
            return await cursor.fetchall()

    async def used_since(self, account: str, first: date) -> int:
        """Return how many usages an account has had."""
        async with self._pool.connection() as connection:
            found = await (await connection.execute(_USED, (account, first))).fetchone()
        return int(found[0]) if found else 0

    async def add_uses(self, account: str, uses: Sequence[DayUse]) -> None:
        """Add to an account's usage."""
        async with self._pool.connection() as connection:
            for use in sorted(uses, key=lambda each: each.model):
                tokens = (use.input_tokens, use.output_tokens, use.cost_nanos, use.is_estimated)
                await connection.execute(_ADD, (account, use.day, use.model, use.used, *tokens))

    async def lease(self, job: str, nanos: int) -> bool:
        """Set money of a job's budget aside; return False if less is left."""
        async with self._pool.connection() as connection:
            taken = await (await connection.execute(_LEASE, {"job": job, "nanos": nanos})).fetchone()
        return taken is not None

    async def give_back(self, job: str, nanos: int) -> None:
        """Return money that was set aside and not used to the job's budget."""
        async with self._pool.connection() as connection:
            await connection.execute(_GIVE_BACK, {"job": job, "nanos": nanos})

    async def used_up(self, jobs: Sequence[str], first: date, limit: int) -> list[str]:
        """Return the jobs whose account has reached `limit` usages."""
        about = {"jobs": list(jobs), "first": first, "limit": limit}
        async with self._pool.connection() as connection:
            return [id_ for (id_,) in await (await connection.execute(_OVER, about)).fetchall()]
