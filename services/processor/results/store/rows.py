"""SQL for the results of a job's rows, in pages and ranges; payloads stay sealed in here."""

from array import array
from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row
from psycopg_pool import AsyncConnectionPool

from services.processor.jobs.row_result import StoredRow

_BATCH_ROWS = 10_000
_COLUMNS = "SELECT row, state, attempts, reason, flags, confidence, payload "
# Sizes are known without reading payloads, which the rows beyond the bytes keep to themselves.
_UP_TO = """
    FROM (
        SELECT *, sum(octet_length(payload)) OVER (ORDER BY row) - octet_length(payload) AS bytes_before
        FROM (SELECT * FROM result WHERE job = %s AND {where} ORDER BY row {limit}) AS asked
    ) AS summed
    WHERE bytes_before <= %s ORDER BY row
"""


class RowStore:
    """Results by job. Callers have already checked that the job belongs to their account."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> None:
        self._pool = pool

    async def page(self, job: str, first: int, last: int, *, most_bytes: int) -> list[StoredRow]:
        """Return the finished rows of a range, in order, up to the one with which they exceed the bytes."""
        query = _COLUMNS + _UP_TO.format(where="row BETWEEN %s AND %s AND state > 0", limit="")
        return await self._rows(query, (job, first, last, most_bytes))

    async def matching(
        self, job: str, states: Sequence[int], *, flags: int, after: int, count: int, most_bytes: int
    ) -> list[StoredRow]:
        """Return up to `count` rows after a row, in order, with one of the states and all of the flags.

        The last one is the row that takes them over the number of bytes.
        """
        query = _COLUMNS + _UP_TO.format(
            where="row > %s AND state = ANY(%s) AND flags & %s = %s", limit="LIMIT %s"
        )
        return await self._rows(query, (job, after, list(states), flags, flags, count, most_bytes))

    async def numbers(self, job: str, state: int) -> Sequence[int]:
        """Return the numbers of all rows in a state, in order, as an array of four bytes each."""
        query = "SELECT row FROM result WHERE job = %s AND state = %s ORDER BY row"
        found = array("i")
        async with self._pool.connection() as connection, connection.cursor(name="numbers") as cursor:
            await cursor.execute(query, (job, state))
            while batch := await cursor.fetchmany(_BATCH_ROWS):
                found.extend(number for (number,) in batch)
        return found

    async def replace(self, job: str, row: StoredRow, *, payload: bytes, flags: int) -> bool:
        """Replace a succeeded row's payload and flags; return False if it is no longer what was read.

        The job's result file is not made again, so downloads are made of the rows from here on.
        """
        query = """
            WITH changed AS (
                UPDATE result SET payload = %(payload)s, flags = %(flags)s
                WHERE job = %(job)s AND row = %(row)s AND state = %(state)s AND payload = %(before)s
                RETURNING job
            )
            UPDATE job SET edited = true FROM changed WHERE job.id = changed.job
        """
        about = {"job": job, "row": row.row, "state": row.state, "before": row.payload}
        async with self._pool.connection() as connection:
            cursor = await connection.execute(query, {**about, "payload": payload, "flags": flags})
            return cursor.rowcount == 1

    async def reasons(self, job: str) -> list[tuple[str, int]]:
        """Return the reasons for which rows failed, and how many rows did for each."""
        query = "SELECT reason, count(*) FROM result WHERE job = %s AND state = 2 GROUP BY reason"
        return await self._counts(query, job)

    async def flag_sets(self, job: str) -> list[tuple[int, int]]:
        """Return each combination of flags of finished rows, and how many rows have exactly it."""
        query = (
            "SELECT flags, count(*) FROM result WHERE job = %s AND flags <> 0 AND state > 0 GROUP BY flags"
        )
        return await self._counts(query, job)

    async def pending(self, job: str, *, after: int, last: int, count: int) -> list[int]:
        """Return up to `count` numbers of rows without a result, in order, after a row."""
        query = """
            SELECT number FROM (SELECT generate_series(%s::int, %s::int) AS number) AS numbers
            WHERE NOT EXISTS (SELECT FROM result WHERE job = %s AND row = number AND state > 0)
            ORDER BY number LIMIT %s
        """
        async with self._pool.connection() as connection:
            cursor = await connection.execute(query, (after + 1, last, job, count))
            return [number for (number,) in await cursor.fetchall()]

    async def _counts(self, query: str, job: str) -> list[Any]:
        async with self._pool.connection() as connection:
            return await (await connection.execute(query.encode(), (job,))).fetchall()

    async def _rows(self, query: str, arguments: tuple[object, ...]) -> list[StoredRow]:
        async with (
            self._pool.connection() as connection,
            connection.cursor(row_factory=class_row(StoredRow), binary=True) as cursor,
        ):
            await cursor.execute(query.encode(), arguments)
            return await cursor.fetchall()
