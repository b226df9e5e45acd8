"""The grants of jobs: how many key releases one allows, and how one ends."""

from services.common.errors import DomainError
from services.common.logs import describe, log
from services.processor.outside import RevokesGrants
from services.processor.provider.failures import ATTEMPTS

#: Crashed workers whose calls in flight a job's release budget covers once more, and how many those are.
TAKEOVERS = 8
MOST_IN_FLIGHT = 1000


def release_budget(rows: int, templates: int) -> int:
    """Return how many key releases a job may use: every attempt of every call, and slack for takeovers.

    The vault allows no more than this to a grant, whatever the grant says.
    """
    calls = rows * templates
    return calls * ATTEMPTS + TAKEOVERS * min(calls, MOST_IN_FLIGHT)


async def end_grant(vault: RevokesGrants, grant_id: str, account: str) -> None:
    """End a grant that is no longer needed; without the vault it ends by itself, at its time."""
    try:
        await vault.revoke_grant(grant_id, account)
    except DomainError as error:
        # Nobody works under it any longer: those who did look at the state of their job.
        log.warning("grant.not_revoked", grant=grant_id, **describe(error))
