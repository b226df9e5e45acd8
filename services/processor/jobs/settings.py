"""What holds for all jobs of an account: how many provider calls one has in flight that does not say."""

from dataclasses import dataclass
from typing import Protocol

from services.common.errors import InvalidRequest
from services.common.identity import Passport


@dataclass(frozen=True, slots=True)
class ParallelCalls:
    """Calls in flight of a job: when nobody says, and at most."""

    default: int
    most: int

    def usual(self, own: int) -> int:
        """Return how many a job gets that does not say, where the account's own number is `own` or 0."""
        # A number from before the most was lowered is no reason to refuse a job.
        return min(own or self.default, self.most)

    def check(self, wanted: int) -> None:
        """Raise InvalidRequest for more than the most."""
        if wanted > self.most:
            raise InvalidRequest(violations=[("parallel_calls", f"must be at most {self.most}")])


class Store(Protocol):
    """Where settings are kept."""

    async def parallel_calls(self, account: str) -> int:
        """Return the account's own number; 0 when it has none."""
        ...

    async def set_parallel_calls(self, account: str, count: int) -> None: ...


class JobSettings:
    """Shows and changes what holds for an account's jobs."""

    def __init__(self, store: Store, limits: ParallelCalls) -> None:
        self._store = store
        self.limits = limits

    async def get(self, person: Passport) -> int:
        """Return the account's own number of parallel calls; 0 when it has none."""
        return await self._store.parallel_calls(person.account)

    async def update(self, person: Passport, count: int) -> int:
        """Change it and return it; raise InvalidRequest."""
        self.limits.check(count)
        await self._store.set_parallel_calls(person.account, count)
        return count

    async def calls_of(self, account: str, wanted: int) -> int:
        """Return how many calls a job gets that wants so many, 0 for the usual; raise InvalidRequest."""
        self.limits.check(wanted)
        return wanted or self.limits.usual(await self._store.parallel_calls(account))
