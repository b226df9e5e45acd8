"""The budget of a job: before each call, what it could cost at most is set aside, by all workers together.

A worker takes money in leases, so that not every call asks the database. What a call did not use goes back
into the lease, and what is left of a lease goes back to the job when the worker leaves it. A worker that is
killed takes its lease along: the job pauses a little early, and never late.
"""

from typing import Protocol

from services.processor.templates.prompt_settings import PromptSettings
from services.processor.usage.meter import cost_nanos

#: Calls that one lease is for.
LEASE_CALLS = 20
# Tokens that the form of a request takes beside its texts, at most.
_FORM_TOKENS = 64


class Leases(Protocol):
    """Where money is set aside."""

    async def lease(self, job: str, nanos: int) -> bool: ...
    async def give_back(self, job: str, nanos: int) -> None: ...


def most_nanos(settings: PromptSettings, prompt: str, system: str) -> int:
    """Return what a call could cost at most: a token is never less than a byte of its text."""
    size = (
        len(prompt.encode("utf-8", "replace")) + len(system.encode()) + 2 * len(settings.json_schema.encode())
    )
    return cost_nanos(settings.model, size + _FORM_TOKENS, settings.max_tokens)


class Budget:
    """One worker's share of a job's budget."""

    def __init__(self, leases: Leases, job: str) -> None:
        self._leases = leases
        self._job = job
        self._left = 0
        self._in_flight = 0

    async def set_aside(self, nanos: int) -> bool | None:
        """Set money aside for a call; True when it may go, None when others must end first."""
        if self._left < nanos:
            for wanted in (nanos * LEASE_CALLS, nanos - self._left):
                if await self._leases.lease(self._job, wanted):
                    self._left += wanted
                    break
        if self._left < nanos:
            return None if self._in_flight else False
        self._left -= nanos
        self._in_flight += 1
        return True

    def settle(self, taken: int, used: int) -> None:
        """Say what a call used of what was set aside for it."""
        self._in_flight -= 1
        self._left += max(0, taken - used)

    async def close(self) -> None:
        """Give back what was not used."""
        left, self._left = self._left, 0
        if left > 0:
            await self._leases.give_back(self._job, left)
