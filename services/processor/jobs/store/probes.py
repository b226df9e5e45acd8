"""SQL for jobs that wait for a provider or a service of ours: picks the next to try, for one worker."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

#: For how long a provider is tried. A job that waited longer stays paused until its owner resumes it.
DAY_SECONDS = 86_400
#: The longest pause between two tries. Longer delays the return; shorter asks a provider that stays away more
#: often than anybody needs.
LONGEST_GAP_SECONDS = 1800

# One worker at a time looks, and what it takes is due later for everybody, with all jobs of the same API key:
# so a key is tried once, whatever its jobs and the workers are, and a worker that dies leaves nothing behind.
_TURN = "SELECT pg_try_advisory_xact_lock(hashtextextended('smelt/probes', 0))"
_TAKE = """
    WITH due AS (
        SELECT id, account, api_key, pause_reason, file, wrapped_key, snapshot, sealed_grant, grant_token
        FROM job
        WHERE state = 'PAUSED' AND pause_reason IN ('PROVIDER_DOWN', 'SERVICE_DOWN') AND probe_time <= now()
          AND down_time > now() - make_interval(secs => %(day)s)
        ORDER BY probe_time, random() LIMIT 1
    ), taken AS (
        UPDATE job SET probe_count = probe_count + 1,
                       probe_time = now() + make_interval(secs =>
                           least(%(first)s * 2.0 ^ least(probe_count, 20), greatest(%(first)s, %(longest)s)))
        FROM due
        WHERE job.account = due.account AND job.api_key = due.api_key
          AND job.state = 'PAUSED' AND job.pause_reason = due.pause_reason
        RETURNING job.id
    )
    SELECT due.id, due.account, due.wrapped_key, due.snapshot, due.sealed_grant, due.grant_token,
           (SELECT array_agg(taken.id) FROM taken), due.pause_reason, due.file
    FROM due
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A job that waits, what its snapshot is opened with, and who waits with it."""

    job: str
    account: str
    wrapped_key: bytes
    snapshot: bytes
    sealed_grant: bytes | None
    grant: str = field(repr=False)
    #: The jobs of the same API key that wait for the same, this one included.
    jobs: Sequence[str]
    pause_reason: str
    file: str


class ProbeStore:
    """Hands out jobs for which a provider, or a service of ours, is to be tried."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[TupleRow]], *, first_gap: float) -> None:
        """`first_gap` is the pause after the first try in seconds; it doubles with each further one."""
        self._pool = pool
        self._first_gap = first_gap

    async def take(self) -> Waiting | None:
        """Return a job whose provider is to be tried now, if there is one."""
        about = {"day": DAY_SECONDS, "first": self._first_gap, "longest": LONGEST_GAP_SECONDS}
        async with self._pool.connection() as connection:
            turn = await (await connection.execute(_TURN)).fetchone()
            if turn is None or not turn[0]:
                return None
            row = await (await connection.execute(_TAKE, about)).fetchone()
        return Waiting(*row) if row else None
