"""Result files of jobs: written whole under a fence, read by the job's owner or under the job's grant."""

from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.common.errors import InvalidRequest
from services.common.identity import JobGrant
from services.files.data_keys import KeyContext, Proof, Purpose
from services.files.errors import GrantInvalid, ResultNotFound, ResultStale
from services.files.objects.discards import Discards
from services.files.objects.keyed import KeyedObjects
from services.files.objects.stored_object import StoredObject

#: Result files of an account that were made for one download each. They are swept after an hour; more would
#: let one account fill the object store with copies of a result.
MOST_TEMPORARY = 100


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result file of a job; a later fence replaces an earlier one of the same variant."""

    account: str
    job: str
    variant: str
    fence: int
    temporary: bool
    row_count: int
    create_time: datetime
    object: StoredObject


@dataclass(frozen=True, slots=True)
class NewResult:
    """What a writer announces about a result file; `job` is a resource name."""

    job: str
    variant: str
    fence: int
    temporary: bool
    row_count: int


class ResultFiles(Protocol):
    """Where result files are recorded."""

    async def get(self, account: str, job: str, variant: str) -> StoredResult | None: ...

    async def check_room(self, account: str, most: int) -> None:
        """Raise ResultLimit if the account has that many temporary results."""
        ...

    async def put(self, result: StoredResult) -> str | None:
        """Record a result and return the object key that it replaces; raise ResultStale after a later one."""
        ...

    async def remove(self, account: str, job: str) -> list[str]:
        """Remove all results of a job; return their objects, which are marked for deletion."""
        ...


class Results:
    """Keeps one file for each job and variant: the one with the latest fence."""

    def __init__(
        self,
        results: ResultFiles,
        objects: KeyedObjects,
        *,
        discards: Discards,
        max_bytes: int,
        clock: Callable[[], datetime],
    ) -> None:
        self._results = results
        self._objects = objects
        self._discards = discards
        self._max_bytes = max_bytes
        self._clock = clock

    async def write(self, proof: Proof, new: NewResult, pieces: AsyncIterable[bytes]) -> StoredResult:
        """Store a result file whole or not at all; raise ResultLimit before anything is read."""
        _check_job(proof, new.job)
        if new.fence < 1:
            raise InvalidRequest(violations=[("header.fence", "must be at least 1")])
        if new.temporary:
            await self._results.check_room(proof.account, MOST_TEMPORARY)
        there = await self._results.get(proof.account, new.job, new.variant)
        if there is not None and there.fence > new.fence:
            raise ResultStale(fence=str(there.fence))
        stored = await self._objects.write(
            proof,
            _context(new.job, new.fence),
            pieces,
            parts=(new.variant,),
            max_bytes=self._max_bytes,
        )
        result = StoredResult(
            account=proof.account,
            job=new.job,
            variant=new.variant,
            fence=new.fence,
            temporary=new.temporary,
            row_count=new.row_count,
            create_time=self._clock(),
            object=stored,
        )
        async with self._discards.unless_recorded(stored.key):
            replaced = await self._results.put(result)
        if replaced is not None:
            await self._discards.release([replaced])
        return result

    async def read(self, proof: Proof, job: str, variant: str) -> tuple[StoredResult, AsyncIterator[bytes]]:
        """Return a result file and its verified bytes."""
        _check_job(proof, job)
        result = await self._results.get(proof.account, job, variant)
        if result is None:
            raise ResultNotFound
        return result, await self._objects.read(
            proof, _context(job, result.fence), result.object, parts=(variant,)
        )

    async def remove(self, account: str, job: str) -> None:
        """Remove every result file of a job; there may be none."""
        await self._discards.release(await self._results.remove(account, job))


def _context(job: str, fence: int) -> KeyContext:
    # Each write has its own key, bound to the writer's fence.
    return KeyContext(Purpose.RESULT, job, fence)


def _check_job(proof: Proof, job: str) -> None:
    if isinstance(proof, JobGrant) and proof.job != job:
        raise GrantInvalid
