"""Suspends, in other services, what was made for an account before its owner took it over.

A stranger who registered an address first, or got into an account, may have left things behind that go on by
themselves: webhooks, jobs that are running, an API key that new jobs would use. The work is written down in
the transaction that ends sessions and tokens, and claimed there by the request that wrote it, so that its
answer can say what was suspended. If a service does not answer, or this process dies at any point, the work
becomes due for any replica and is repeated until it is done. Services remember the generation that they
suspended, so a repetition suspends nothing that its owner has confirmed meanwhile.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from services.auth.due.work import Claim, DueRows, DueWork, Pauses
from services.auth.recovery.ended_access import EndedAccess, Secured
from services.common.errors import DomainError, Unavailable
from services.common.logs import describe, log
from services.common.suspension import Suspended, SuspendsEarlier

#: How long the answer to a person waits for other services. Longer, and people wait for a service that is
#: down; shorter, and a busy one makes the answer incomplete. Must be less than `OWN_SECONDS`.
_PATIENCE_SECONDS = 3.0
#: How long the request that wrote the work down keeps it to itself; then it is due for every replica.
OWN_SECONDS = 5
#: A service that restarts is back within seconds, and until then what a stranger left behind goes on.
_PAUSES = Pauses(first_seconds=1, longest_seconds=30)


class SuspensionRecords(Protocol):
    """Stores the work; raises Unavailable."""

    async def generation(self, claim: Claim) -> int | None:
        """Return the generation that is valid now; None if the work is done or the claim was lost."""
        ...

    async def finish(self, claim: Claim, suspended: Suspended) -> None:
        """End the work, and complete the mail that waits for the counts, unless the claim was lost."""
        ...


class Suspension:
    """Carries suspensions through."""

    def __init__(self, records: SuspensionRecords, holders: Mapping[str, SuspendsEarlier]) -> None:
        self._records = records
        self._holders = holders

    async def perform(self, claim: Claim) -> None:
        """Carry a suspension through, or raise what prevented it."""
        await self._carried(claim)

    async def at_once(self, secured: Secured) -> EndedAccess:
        """Return what ended, with what other services have suspended if all of them answer in time."""
        if secured.claim is None:
            return secured.ended
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                suspended = await self._carried(secured.claim)
        except (DomainError, TimeoutError) as error:
            # The work stays due, and another try is made soon.
            log.warning("suspension.pending", **describe(error))
            suspended = None
        if suspended is None:
            return replace(secured.ended, pending=True)
        return replace(secured.ended, suspended=suspended)

    async def _carried(self, claim: Claim) -> Suspended | None:
        generation = await self._records.generation(claim)
        if generation is None:
            return None
        # At the same time, so that none waits for another that is down.
        outcomes = await asyncio.gather(
            *(holder.suspend_earlier(claim.id, generation) for holder in self._holders.values()),
            return_exceptions=True,
        )
        suspended = Suspended()
        for name, outcome in zip(self._holders, outcomes, strict=True):
            if isinstance(outcome, DomainError):
                log.warning("suspension.not_done", service=name, **describe(outcome))
                raise Unavailable from None
            if isinstance(outcome, BaseException):
                raise outcome
            suspended += outcome
        await self._records.finish(claim, suspended)
        return suspended


def suspending(suspension: Suspension, rows: DueRows, *, claim_seconds: float) -> DueWork:
    """Return the loop that carries suspensions through that no request has finished."""
    return DueWork(
        "suspension", rows, suspension.perform, pauses=_PAUSES, claim_seconds=claim_seconds, at_once=2
    )
