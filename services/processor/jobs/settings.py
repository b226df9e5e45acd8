"""Settings for all jobs of an account: how many provider calls a job has in flight by default."""

from dataclasses import dataclass
from typing import Protocol

from services.common.errors import InvalidRequest
from services.common.identity import Passport


@dataclass(frozen=True, slots=True)
class ParallelCalls:
    """Calls in flight of a job: the installation's default, and the maximum."""

    default: int
    most: int

    def usual(self, own: int) -> int:
        """Return the default for an account's jobs; `own` is the account's own number, or 0."""
        # The maximum may have been lowered since; that is no reason to refuse a job.
        return min(own or self.default, self.most)

    def check(self, wanted: int) -> None:
        """Raise InvalidRequest for more than the maximum."""
        if wanted > self.most:
            raise InvalidRequest(violations=[("parallel_calls", f"must be at most {self.most}")])


class Store(Protocol):
    """Where settings are kept."""

    async def parallel_calls(self, account: str) -> int:
        """Return the account's own number; 0 when it has none."""
        ...

    async def set_parallel_calls(self, account: str, count: int) -> None: ...


class JobSettings:
    """Shows and changes the settings for all jobs of an account."""

    def __init__(self, store: Store, limits: ParallelCalls) -> None:
        self._store = store
        self.limits = limits

    async def get(self, person: Passport) -> int:
        """Return the account's own number of parallel calls; 0 when it has none."""
        return await self._store.parallel_calls(person.account)

    async def update(self, person: Passport, count: int) -> int:
        """Change the account's own number and return it; raise InvalidRequest."""
        self.limits.check(count)
        await self._store.set_parallel_calls(person.account, count)
        return count

    async def calls_of(self, account: str, wanted: int) -> int:
        """Return how many calls a job gets, the account's default if `wanted` is 0; raise InvalidRequest."""
        self.limits.check(wanted)
        return wanted or self.limits.usual(await self._store.parallel_calls(account))
