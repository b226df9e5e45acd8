"""Whether the files of running jobs are still there: asked for each job that is in work, never for a row."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from services.common.errors import DomainError, Unavailable
from services.common.logs import describe, log
from services.processor.outside import ChecksFiles, by_grant
from services.processor.rows.claims import Claim
from services.processor.rows.endings import Again, Ended, Ending, ending_of

#: How often files is asked. Longer lets more calls start after a file was deleted; shorter costs more
#: requests: one for each job in work on each worker.
LOOK_SECONDS = 0.5
#: How long news that the file is there is good for a new call. Together with the time between two looks it
#: stays within the two seconds that a deletion may take. Shorter, and calls wait whenever files is slow.
FRESH_SECONDS = 1.5
#: How long calls wait for news before the shard goes back to the queue. Shorter gives shards back for a
#: restart of files; longer holds a worker's place while files is away.
PATIENCE_SECONDS = 20.0


class FileNews:
    """What is known of one job's file."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen = float("-inf")
        self._arrived = asyncio.Event()
        self.users = 0

    @property
    def is_fresh(self) -> bool:
        """Whether the file was there a moment ago, so that a call may start."""
        return self._clock() - self._seen < FRESH_SECONDS

    async def wait(self, work: Ended) -> None:
        """Wait for the next news, but no longer than the work lasts."""
        await work.unless_over(self._arrived.wait())

    def note(self) -> None:
        """Note that the file is there."""
        self._seen = self._clock()
        arrived, self._arrived = self._arrived, asyncio.Event()
        arrived.set()


class FileWatch:
    """Looks after the files of the jobs that this worker has in work."""

    def __init__(
        self,
        files: ChecksFiles,
        ended: Callable[[str, Ending], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`ended` is told of a job whose file is gone, or of which files says nothing for too long."""
        self._files = files
        self._ended = ended
        self._clock = clock
        self._sleep = sleep
        self._known: dict[tuple[str, str], tuple[FileNews, asyncio.Task[None]]] = {}

    @asynccontextmanager
    async def of(self, claim: Claim) -> AsyncIterator[FileNews]:
        """Yield the news of a claim's file; all shards of its job share them."""
        key = claim.job, claim.grant
        known = self._known.get(key)
        if known is None:
            news = FileNews(self._clock)
            known = self._known[key] = news, asyncio.ensure_future(self._look(claim, news))
        news, looking = known
        news.users += 1
        try:
            yield news
        finally:
            news.users -= 1
            if not news.users:
                looking.cancel()
                del self._known[key]

    async def _look(self, claim: Claim, news: FileNews) -> None:
        heard = self._clock()
        while True:
            try:
                await self._files.check(claim.file, by_grant(claim.grant))
                heard = self._clock()
                news.note()
            except Exception as error:  # noqa: BLE001  without news, calls would wait for ever
                ending = ending_of(error if isinstance(error, DomainError) else Unavailable())
                is_settled = not isinstance(ending, Again)
                log.warning("file.unseen", job=claim.job, **describe(error))
                if is_settled or self._clock() - heard > PATIENCE_SECONDS:
                    # Told again at the next look, for shards that were claimed meanwhile.
                    self._ended(claim.job, ending)
            await self._sleep(LOOK_SECONDS)
