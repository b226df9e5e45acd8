"""The grants of jobs: how many key releases one allows, and how one ends."""

from math import ceil

from services.common.errors import DomainError
from services.common.identity import Passport
from services.common.logs import describe, log
from services.processor.jobs.economy import BATCH_ROUNDS, BATCH_ROWS
from services.processor.outside import Proof, RenewsWebhookGrants, RevokesGrants
from services.processor.provider.failures import ATTEMPTS
from services.processor.settings import MOST_IN_FLIGHT

#: How many worker crashes a job's release budget covers. After each, the calls that were in flight, at most
#: MOST_IN_FLIGHT, need a second release. If this is too small, a job with many crashes pauses because its
#: grant is used up; if it is too large, a stolen grant releases the key more often. The vault has the same
#: figures.
TAKEOVERS = 8
#: How many releases a batch of an economy job may take: about ninety to look at it within a day, and a few to
#: upload, make, find, collect, cancel and delete it. The vault has the same figure.
BATCH_USES = 120


def release_budget(rows: int, templates: int, *, economy: bool = False) -> int:
    """Return how many key releases a job may use: every attempt of every call, and some for takeovers.

    An economy job may use some more for each of its batches.

    The vault applies the same bound, whatever the grant says.
    """
    calls = rows * templates
    budget = calls * ATTEMPTS + TAKEOVERS * min(calls, MOST_IN_FLIGHT)
    if economy:
        budget += BATCH_USES * BATCH_ROUNDS * templates * ceil(rows / BATCH_ROWS)
    return budget


async def end_grant(vault: RevokesGrants, grant_id: str, proof: Proof) -> None:
    """End a grant that is no longer needed; if the vault does not answer, it ends when it expires."""
    try:
        await vault.revoke_grant(grant_id, proof)
    except DomainError as error:
        # No worker uses it any longer: workers check the state of their jobs twice a second.
        log.warning("grant.not_revoked", grant=grant_id, **describe(error))


async def renew_if_possible(grants: RenewsWebhookGrants, person: Passport) -> None:
    """Renew the account's grant for webhooks before a change that a person can always make.

    Without a grant that still lasts, the change is made all the same, and its message is not sent.
    """
    try:
        await grants.renew(person)
    except DomainError as error:
        log.warning("webhook_grant.not_renewed", **describe(error))
