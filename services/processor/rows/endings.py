"""Why work on a shard ends before all its rows are done, and what other services' refusals mean for it."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field

from services.common.errors import DomainError, Kind
from services.processor.jobs.file_deleted import FILE_DELETED, FILE_DELETED_MESSAGE, FILE_GONE

#: How long the queue holds back a shard when a service does not answer. Too short fills the queue with claims
#: that fail; too long leaves workers idle after the service is back.
UNAVAILABLE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Pause:
    """The job pauses until its owner resumes it; `pause` is one of the contract's pause reasons."""

    pause: str
    reason: str
    message: str
    #: What the provider said, if it was the cause; and the same sealed under the job's data key.
    said: str = field(default="", repr=False)
    sealed: bytes = b""


@dataclass(frozen=True, slots=True)
class Fail:
    """The job cannot continue at all."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Again:
    """The shard goes back to the queue and is due again after `seconds`."""

    seconds: float
    #: What one of our own services refused with, if that is why.
    reason: str = ""


@dataclass(frozen=True, slots=True)
class GiveWay:
    """The shard goes back to the queue, behind those of accounts with fewer shards in work."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The job no longer runs, or another worker holds the shard: calls in flight are dropped."""


Ending = Pause | Fail | Again | GiveWay | Stopped


class Ended:
    """Whether work is over, and why; the first reason counts."""

    def __init__(self) -> None:
        self.ending: Ending | None = None
        self._over = asyncio.Event()
        self._waits: set[asyncio.Timeout] = set()

    def end(self, ending: Ending) -> None:
        """End the work: no new call may start."""
        if self.ending is None:
            self.ending = ending
        self._over.set()
        for wait in self._waits:
            wait.reschedule(0)
        self._waits.clear()

    async def sleep(self, seconds: float) -> None:
        """Sleep, but no longer than the work lasts."""
        try:
            async with asyncio.timeout(seconds):
                await self._over.wait()
        except TimeoutError:
            return

    async def unless_over(self, awaited: Awaitable[object]) -> bool:
        """Wait for something, but no longer than the work lasts; return whether it came."""
        try:
            async with asyncio.timeout(0 if self._over.is_set() else None) as wait:
                self._waits.add(wait)
                await awaited
        except TimeoutError:
            return False
        finally:
            self._waits.discard(wait)
        return True


_GRANT_MESSAGES = {
    "GRANT_EXPIRED": "This job's permission to run has expired; resume the job to renew it",
    "GRANT_EXHAUSTED": "This job's permission to run is used up; resume the job to renew it",
}
_GRANT_REASONS = ("GRANT_EXPIRED", "GRANT_REVOKED", "GRANT_INVALID", "GRANT_EXHAUSTED", "UNAUTHENTICATED")


class TryAgain(Exception):
    """The queue must run this task again after `seconds`, at another turn if one is given."""

    def __init__(self, seconds: float, *, turn: int | None = None) -> None:
        super().__init__(seconds)
        self.seconds = seconds
        self.turn = turn


def service_down(reason: str) -> Pause:
    """Return the pause of a job that one of our own services has kept waiting for long."""
    return Pause(
        "SERVICE_DOWN",
        reason,
        "A part of this installation has not answered for a while; the job goes on by itself when it does",
    )


def ending_of(error: DomainError) -> Ending:
    """Return what another service's refusal means for the work that met it."""
    if error.reason in ("API_KEY_DELETED", "API_KEY_NOT_FOUND"):
        return Pause(
            "API_KEY_DELETED",
            "API_KEY_DELETED",
            "The job's API key was deleted; resume the job with another one",
        )
    if error.reason in _GRANT_REASONS:
        reason = "GRANT_EXPIRED" if error.reason == "UNAUTHENTICATED" else error.reason
        message = _GRANT_MESSAGES.get(
            reason, "This job's permission to run is no longer valid; resume the job to renew it"
        )
        return Pause("GRANT_EXPIRED", reason, message)
    if error.reason == FILE_GONE:
        return Fail(FILE_DELETED, FILE_DELETED_MESSAGE)
    if error.kind in (Kind.UNAVAILABLE, Kind.INTERNAL, Kind.EXHAUSTED, Kind.CONFLICT):
        return Again(UNAVAILABLE_SECONDS, error.reason)
    return Fail(error.reason, error.message)
