"""The rules of release: what a grant allows, and which reason is told when several speak against a use.

The order of the reasons, which is the order of `REFUSALS`:

1. GRANT_INVALID: the token is not a grant of this vault, was not shown on this stream, or names no key.
2. GRANT_EXPIRED: the grant's time is over.
3. GRANT_INVALID: the grant does not cover this row, template, claim or attempt.
4. GRANT_LIMIT: the grant is new, and too many new grants of its account came within a minute.
5. RELEASE_BRAKE: the grant is new, and too many new grants came within a minute.
6. GRANT_REVOKED: the grant was ended.
7. API_KEY_DELETED: the key, or its account, is gone.
8. API_KEY_DAMAGED: the stored key does not open.
9. RELEASE_REPLAYED: this use was released before.
10. GRANT_EXHAUSTED: the grant's releases are used up.

What the grant itself shows comes first, so a worker without a good grant learns nothing about the account's
keys and uses.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Protocol

from services.common.errors import DomainError, Kind
from services.common.identity import JobGrant, Passport
from services.vault.grants.brake import GrantLimit, ReleaseBrake

#: How often a row's call is tried before the row fails. The processor has the same number: with a smaller one
#: here, jobs would run out of releases; with a larger one, a stolen grant would release more than jobs need.
ATTEMPTS = 3
#: The most calls of one job in flight. A worker that takes over a crashed worker's shard may ask for that
#: many keys once more, because nobody knows which of the calls were made.
MOST_IN_FLIGHT = 1_000
#: How many takeovers a grant pays for. With fewer, a job on unsteady machines would stop; each one more lets
#: a stolen grant release up to MOST_IN_FLIGHT keys more.
TAKEOVERS = 8
#: An economy job sends its calls in batches of up to BATCH_ROWS rows, asks about each batch now and then for
#: a day, and sends what a batch left up to BATCH_ROUNDS times. A batch takes at most BATCH_USES releases: to
#: upload, make, find, look at, collect and delete it. Fewer, and the job pauses before its batch is done;
#: each one more lets a stolen grant release one key more for each batch.
BATCH_ROWS = 10_000
BATCH_ROUNDS = 3
BATCH_USES = 120
_LARGEST = 2**31 - 1
_ONE_CALL = {"key-test"}
#: Grants under which messages to webhooks are signed: their own, and those of jobs, which allow more anyway
#: and were stored before the others existed.
_SIGNING = {"webhook", "job"}
_KEY_NAME = re.compile(r"apiKeys/[a-z0-9]{1,64}\Z")


class GrantInvalid(DomainError):
    """The grant was not signed by this vault, was not shown, or is for something else."""

    reason = "GRANT_INVALID"
    kind = Kind.FORBIDDEN
    message = "The grant does not allow this"


class UseNotCovered(GrantInvalid):
    """The grant does not cover this row, template, claim or attempt."""


class GrantExpired(DomainError):
    """The grant has expired."""

    reason = "GRANT_EXPIRED"
    kind = Kind.PRECONDITION
    message = "The grant has expired"


class GrantRevoked(DomainError):
    """The grant was revoked: its work has ended, or its account was erased."""

    reason = "GRANT_REVOKED"
    kind = Kind.PRECONDITION
    message = "The grant was revoked"


class GrantExhausted(DomainError):
    """The grant has no key releases left."""

    reason = "GRANT_EXHAUSTED"
    kind = Kind.EXHAUSTED
    message = "The grant has no key releases left"


class ReleaseReplayed(DomainError):
    """The key was already released for this call; a repeated request is refused."""

    reason = "RELEASE_REPLAYED"
    kind = Kind.EXISTS
    message = "The key was already released for this call"


class ApiKeyDeleted(DomainError):
    """The API key, or its account, was deleted."""

    reason = "API_KEY_DELETED"
    kind = Kind.PRECONDITION
    message = "The API key was deleted"


class ApiKeyDamaged(DomainError):
    """The stored key does not open: it was altered, or an older copy was put back."""

    reason = "API_KEY_DAMAGED"
    kind = Kind.DAMAGED
    message = "The stored API key is damaged; delete it and add it again"


#: Every reason to refuse a release, in the order in which they are told.
REFUSALS: tuple[type[DomainError], ...] = (
    GrantInvalid,
    GrantExpired,
    UseNotCovered,
    GrantLimit,
    ReleaseBrake,
    GrantRevoked,
    ApiKeyDeleted,
    ApiKeyDamaged,
    ReleaseReplayed,
    GrantExhausted,
)
_PLACE = {reason: place for place, reason in enumerate(REFUSALS)}


class Revocations(Protocol):
    """Revokes grants and remembers which ones were revoked; raises Unavailable."""

    async def revoke(self, account: str, id: str) -> None:
        """Revoke a grant, even one that was never used."""
        ...

    async def is_revoked(self, account: str, id: str) -> bool: ...


def first(reasons: Iterable[DomainError]) -> DomainError | None:
    """Return the reason that is told of those that apply; None when none does."""
    return min(reasons, key=lambda reason: _PLACE[type(reason)], default=None)


@dataclass(frozen=True, slots=True)
class Use:
    """One provider call: data row from 1, template from 0, the shard's fence, attempt within it from 1."""

    row: int
    template: int
    claim: int
    attempt: int


def may_revoke(proof: Passport | JobGrant, id_: str) -> None:
    """Raise GrantInvalid unless the proof may revoke the grant with this id of the proof's account.

    A person may revoke every grant of the account, a grant nothing but itself.
    """
    if isinstance(proof, JobGrant) and proof.id != id_:
        raise GrantInvalid


def may_sign(proof: Passport | JobGrant) -> None:
    """Raise GrantInvalid unless messages to the account's webhooks may be signed under this proof.

    Whether the grant was revoked does not matter: the message that a job has ended is signed after its grant.
    """
    if isinstance(proof, JobGrant) and proof.purpose not in _SIGNING:
        raise GrantInvalid


def shown(grant: JobGrant) -> JobGrant:
    """Return a grant that names what it should; raise GrantInvalid.

    Its names go into records: what Postgres would refuse must not spoil a batch of others.
    """
    if not _KEY_NAME.match(grant.api_key) or not f"{grant.id}{grant.account}{grant.job}".isprintable():
        raise GrantInvalid
    return grant


def check(grant: JobGrant, use: Use, now: datetime) -> None:
    """Raise GrantExpired or UseNotCovered unless the grant covers the use by what it says itself."""
    reasons: list[DomainError] = []
    if now >= grant.expires:
        reasons.append(GrantExpired())
    first_row, last_row, templates = _extent(grant)
    if not (
        first_row <= use.row <= last_row
        and 0 <= use.template < templates
        and use.claim >= 0
        and 1 <= use.attempt <= _LARGEST
    ):
        reasons.append(UseNotCovered())
    if (told := first(reasons)) is not None:
        raise told


def budget(grant: JobGrant) -> int:
    """Return how many releases a grant allows: what it says, at most what its rows can need.

    That is rows x templates x attempts, and for takeovers after crashes `TAKEOVERS` times the calls in
    flight, and for an economy job what its batches take.
    """
    first_row, last_row, templates = _extent(grant)
    rows, templates = max(0, last_row - first_row + 1), max(0, templates)
    calls = rows * templates
    ceiling = calls * ATTEMPTS + TAKEOVERS * min(calls, MOST_IN_FLIGHT)
    if grant.economy:
        ceiling += BATCH_USES * BATCH_ROUNDS * templates * ceil(rows / BATCH_ROWS)
    return max(0, min(grant.release_budget, ceiling))


def _extent(grant: JobGrant) -> tuple[int, int, int]:
    """Return first row, last row and templates; a key test is one call of no file."""
    if grant.purpose in _ONE_CALL:
        return 1, 1, 1
    return max(1, grant.first_row), grant.last_row, grant.template_count
