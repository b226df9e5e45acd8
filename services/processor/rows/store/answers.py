"""Answers to prompts that may occur again in a job, found by their codes."""

from collections.abc import Mapping, Sequence

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

_FIND = "SELECT code, payload FROM answer WHERE job = %s AND code = ANY(%s)"


class AnswerStore:
    """Reads answers; they are written together with the results that they came with."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> None:
        self._pool = pool

    async def answers(self, job: str, codes: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Return the sealed answers that exist, by code."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_FIND, (job, list(codes)), binary=True)
            return dict(await cursor.fetchall())
