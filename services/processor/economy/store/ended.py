"""The batches of jobs that have ended, in Postgres."""

from collections.abc import AsyncIterator

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from services.processor.economy.batch import Batch
from services.processor.economy.ending import EndedJob
from services.processor.economy.store import batch_sql as sql
from services.processor.economy.store.batches import batch_of
from services.processor.rows.claims import Claim


class EndedBatchStore:
    """Finds and ends the batches of jobs that have ended before them."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]]) -> None:
        self._pool = pool

    async def ended(self, job: str) -> EndedJob | None:
        """Return what is needed of a job; None if it is gone or goes on."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(sql.ENDED, {"job": job})).fetchone()
        if row is None:
            return None
        account, api_key, sealed, token, id_ = row
        return EndedJob(account, api_key, None if sealed is None else bytes(sealed), token, id_)

    async def open(self, job: str, about: EndedJob) -> AsyncIterator[tuple[Claim, Batch]]:
        """Yield the job's batches that are not done, each with a claim under a new fence."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(sql.OPEN, {"job": job})).fetchall()
        for shard, *found in rows:
            async with self._pool.connection() as connection:
                held = await connection.execute(sql.FENCE, {"job": job, "shard": shard})
                fence = await held.fetchone()
            if fence is not None:
                yield _claim(job, shard, fence[0], fence[1], about), batch_of(found)

    async def looked(self, claim: Claim, batch: Batch) -> None:
        """Count a look for a batch that was not there."""
        await self._change(sql.LOOKED, claim, batch)

    async def end(self, claim: Claim, batch: Batch) -> None:
        """Record that a batch is over."""
        await self._change(sql.END, claim, batch)

    async def _change(self, query: str, claim: Claim, batch: Batch) -> None:
        about = {"job": claim.job, "shard": claim.number, "number": batch.number}
        async with self._pool.connection() as connection:
            await connection.execute(query.encode(), about)


def _claim(job: str, shard: int, fence: int, first_row: int, about: EndedJob) -> Claim:
    """Return a claim as far as the release of keys needs it."""
    return Claim(
        job=job,
        number=shard,
        fence=fence,
        claims=0,
        first_row=first_row,
        last_row=first_row,
        calls=0,
        account=about.account,
        file="",
        parse=0,
        api_key=about.api_key,
        wrapped_key=b"",
        snapshot=b"",
        grant_id=about.grant_id,
        sealed_grant=about.sealed_grant,
        grant=about.grant,
    )
