"""SQL for assemblies: which worker may assemble a job's result file, and the facts of that file."""

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from services.processor.results.finished import Assembly

_CLAIM = """
    UPDATE job SET result_fence = nextval('fence')
    WHERE id = %s AND state = 'RUNNING' AND shards_done = shard_count
    RETURNING result_fence, account, file, parse, first_row, last_row,
              wrapped_key, snapshot, sealed_grant, grant_token, grant_id
"""
# The shared answers go, so that a row that is regenerated later gets a new one.
_COMPLETE = """
    WITH done AS (
        UPDATE job SET state = 'COMPLETED', end_time = now(), pause_reason = 'NOT_PAUSED',
                       error_reason = '', error_message = '', error_said = '',
                       result_size = %(size)s, result_sha256 = %(sha256)s
        WHERE id = %(job)s AND state = 'RUNNING' AND result_fence = %(fence)s
        RETURNING id
    ), forgotten AS (
        DELETE FROM answer USING done WHERE answer.job = done.id
    )
    SELECT id FROM done
"""


class AssemblyStore:
    """Claims assemblies and completes jobs."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> None:
        self._pool = pool

    async def claim(self, job: str) -> Assembly | None:
        """Claim the assembly of a job; return None if there is nothing to do."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_CLAIM, (job,), binary=True)).fetchone()
        return None if row is None else Assembly(job, *row)

    async def complete(self, assembly: Assembly, *, size: int, sha256: str) -> bool:
        """Complete the job with its file's facts; return False if another worker holds it or it has ended."""
        about = {"job": assembly.job, "fence": assembly.fence, "size": size, "sha256": sha256}
        async with self._pool.connection() as connection:
            return await (await connection.execute(_COMPLETE, about)).fetchone() is not None
