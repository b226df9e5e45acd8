"""The budget of a job, shared by all workers: before each call, its maximum cost is set aside.

A worker takes money in leases, so that most calls need no query. What a call did not use goes back into the
lease, and what is left of the lease goes back to the job when the worker leaves it. The lease of a killed
worker is lost to the job until it is resumed, so the job pauses a little early, and never late.
"""

from typing import Protocol

from services.processor.templates.prompt_settings import PromptSettings
from services.processor.usage.meter import cost_nanos

#: How many calls one lease pays for. Fewer cost more queries; more let a killed worker, or one with slow
#: calls, hold back money that others could spend.
LEASE_CALLS = 20
# The most tokens that a request takes in addition to its texts.
_FORM_TOKENS = 64


class Leases(Protocol):
    """Sets money of a job's budget aside."""

    async def lease(self, job: str, nanos: int) -> bool: ...
    async def give_back(self, job: str, nanos: int) -> None: ...


def most_nanos(settings: PromptSettings, prompt: str, system: str) -> int:
    """Return the most that a call could cost: a token is at least one byte of text."""
    size = (
        len(prompt.encode("utf-8", "replace")) + len(system.encode()) + 2 * len(settings.json_schema.encode())
    )
    return cost_nanos(settings.model, size + _FORM_TOKENS, settings.most_tokens)


class Budget:
    """One worker's share of a job's budget."""

    def __init__(self, leases: Leases, job: str) -> None:
        self._leases = leases
        self._job = job
        self._left = 0
        self._in_flight = 0

    async def set_aside(self, nanos: int) -> bool | None:
        """Set money aside for a call.

        Returns True if the call may start, None if calls in flight must end first, False if the budget is
        spent.
        """
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
        """Record how much a call used of what was set aside for it."""
        self._in_flight -= 1
        self._left += max(0, taken - used)

    async def close(self) -> None:
        """Give back what was not used."""
        left, self._left = self._left, 0
        if left > 0:
            await self._leases.give_back(self._job, left)
