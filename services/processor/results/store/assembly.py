"""SQL for assemblies: which worker may assemble a job's result file, and the facts of that file."""

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from services.processor.results.finished import Assembly

_CLAIM = """
    UPDATE job SET result_fence = nextval('fence'), assemblies = assemblies + 1
    WHERE id = %s AND state = 'RUNNING' AND shards_done = shard_count
    RETURNING result_fence, account, file, parse, first_row, last_row,
              wrapped_key, snapshot, sealed_grant, grant_token, grant_id, assemblies
"""
# One that was put off on purpose does not count as failed.
_PUT_OFF = "UPDATE job SET assemblies = greatest(assemblies - 1, 0) WHERE id = %s AND result_fence = %s"
# After a restore of this database alone, fences would be given out again.
_RAISE_FENCES = """
    SELECT setval('fence', greatest(nextval('fence'), %(known)s)) FROM job
    WHERE id = %(job)s AND result_fence = %(fence)s AND state = 'RUNNING'
"""
# The shared answers go, so that a row that is regenerated later gets a new one.
_COMPLETE = """
    WITH done AS (
        UPDATE job SET state = 'COMPLETED', end_time = now(), pause_reason = 'NOT_PAUSED',
                       error_reason = '', error_message = '', error_said = '', assemblies = 0,
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

    async def put_off(self, assembly: Assembly) -> None:
        """Note that an assembly is tried again later, and not because it failed."""
        async with self._pool.connection() as connection:
            await connection.execute(_PUT_OFF, (assembly.job, assembly.fence))

    async def outdo(self, assembly: Assembly, known: int) -> bool:
        """Make later fences higher than a known one; return False if another worker holds the assembly."""
        about = {"job": assembly.job, "fence": assembly.fence, "known": known}
        async with self._pool.connection() as connection:
            return await (await connection.execute(_RAISE_FENCES, about)).fetchone() is not None

    async def complete(self, assembly: Assembly, *, size: int, sha256: str) -> bool:
        """Complete the job with its file's facts; return False if another worker holds it or it has ended."""
        about = {"job": assembly.job, "fence": assembly.fence, "size": size, "sha256": sha256}
        async with self._pool.connection() as connection:
            return await (await connection.execute(_COMPLETE, about)).fetchone() is not None
