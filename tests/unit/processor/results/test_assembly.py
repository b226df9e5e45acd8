"""A result file that cannot be written: the job waits, says so, or ends, but is not tried for ever."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from services.common.errors import DomainError, Kind, RemoteError, Unavailable
from services.processor.results.assembly import Assembler
from services.processor.results.finished import Assembly
from services.processor.rows.endings import TryAgain
from services.processor.rows.shards import MOST_CLAIMS

PATIENCE_SECONDS = 600.0


@dataclass
class Jobs:
    """The store of assemblies, the jobs, and everything that an assembly asks on its way."""

    #: What opening the job's grant raises, in place of all that may fail later.
    error: Exception
    begun: int = 1
    waited_seconds: float = 0.0
    is_mine: bool = True
    happened: list[tuple[str, ...]] = field(default_factory=list)

    def assembler(self) -> Assembler:
        parts = cast(Any, self)
        return Assembler(
            parts,
            parts,
            results=parts,
            files=parts,
            vault=parts,
            grants=parts,
            announcements=parts,
            patience_seconds=PATIENCE_SECONDS,
        )

    async def claim(self, job: str) -> Assembly:
        return Assembly(job, 7, "ada", "files/f", 1, 1, 2, b"", b"", None, "", "g", self.begun)

    async def open(self, sealed: bytes | None, *, older: str = "") -> str:
        raise self.error

    async def put_off(self, assembly: Assembly) -> None:
        self.happened.append(("put off",))

    async def outdo(self, assembly: Assembly, known: int) -> bool:
        self.happened.append(("outdo", str(known)))
        return self.is_mine

    async def waited(self, job: str) -> float:
        return self.waited_seconds

    async def pause(self, job: str, pause: str, *, grant: str, reason: str, message: str) -> None:
        self.happened.append(("pause", pause, reason))

    async def fail(self, job: str, *, reason: str, message: str) -> None:
        self.happened.append(("fail", reason))

    def announce(self, job: str, *, urgent: bool = False) -> None:
        pass


def stale(fence: str | None) -> DomainError:
    error = RemoteError("RESULT_STALE", Kind.CONFLICT, "")
    if fence is not None:
        error.metadata["fence"] = fence
    return error


@pytest.mark.promise("S49")
async def test_a_store_that_is_away_is_tried_again_and_does_not_count_as_a_failure() -> None:
    jobs = Jobs(Unavailable(), begun=MOST_CLAIMS)
    with pytest.raises(TryAgain):
        await jobs.assembler().assemble("j")
    assert jobs.happened == [("put off",)]


@pytest.mark.promise("S49")
async def test_a_store_that_stays_away_pauses_the_job_which_says_so() -> None:
    jobs = Jobs(Unavailable(), waited_seconds=PATIENCE_SECONDS + 1)
    await jobs.assembler().assemble("j")
    assert jobs.happened == [("put off",), ("pause", "SERVICE_DOWN", "UNAVAILABLE")]


@pytest.mark.promise("S49")
async def test_a_file_that_was_never_written_however_often_it_was_begun_ends_the_job() -> None:
    jobs = Jobs(ValueError("a fault of ours"), begun=MOST_CLAIMS)
    with pytest.raises(ValueError, match="a fault"):
        await jobs.assembler().assemble("j")
    jobs = Jobs(ValueError("a fault of ours"), begun=MOST_CLAIMS + 1)
    await jobs.assembler().assemble("j")
    assert jobs.happened == [("fail", "WORKER_FAILED")]


async def test_the_worker_with_the_higher_fence_writes_the_file() -> None:
    jobs = Jobs(stale("9"), is_mine=False)
    await jobs.assembler().assemble("j")
    assert jobs.happened == [("outdo", "9")]


@pytest.mark.promise("S49")
@pytest.mark.parametrize(("told", "known"), [("9", "9"), (None, "0"), ("x", "0")])
async def test_a_fence_from_before_a_restore_is_outdone(told: str | None, known: str) -> None:
    jobs = Jobs(stale(told))
    with pytest.raises(TryAgain):
        await jobs.assembler().assemble("j")
    assert jobs.happened == [("outdo", known), ("put off",)]


@pytest.mark.promise("S49")
@pytest.mark.parametrize(
    ("reason", "kind", "happened"),
    [
        ("FILE_NOT_FOUND", Kind.NOT_FOUND, ("fail", "FILE_DELETED")),
        ("FILE_DAMAGED", Kind.DAMAGED, ("fail", "FILE_DAMAGED")),
        ("GRANT_EXPIRED", Kind.UNAUTHENTICATED, ("pause", "GRANT_EXPIRED", "GRANT_EXPIRED")),
        ("GRANT_REVOKED", Kind.UNAUTHENTICATED, ("pause", "GRANT_EXPIRED", "GRANT_REVOKED")),
        ("ACCOUNT_ERASED", Kind.NOT_FOUND, ("fail", "ACCOUNT_ERASED")),
    ],
)
async def test_what_is_final_ends_or_pauses_the_job(
    reason: str, kind: Kind, happened: tuple[str, ...]
) -> None:
    jobs = Jobs(RemoteError(reason, kind, ""))
    await jobs.assembler().assemble("j")
    assert jobs.happened == [happened]
