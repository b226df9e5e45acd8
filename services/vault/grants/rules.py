"""The rules of release: what a grant allows, and in which order reasons to refuse are told."""

import re
from dataclasses import dataclass
from datetime import datetime

from services.common.errors import DomainError, Kind
from services.common.identity import JobGrant

#: A row's call is tried so many times before the row fails.
ATTEMPTS = 3
#: Each takeover of a crashed worker's shard may ask anew for at most the calls that were in flight.
SLACK_PER_TAKEOVER = 1_000
TAKEOVERS = 8
_LARGEST = 2**31 - 1
_ONE_CALL = {"key-test"}
_KEY_NAME = re.compile(r"apiKeys/[a-z0-9]{1,64}\Z")


class GrantInvalid(DomainError):
    """The grant is not ours, was not shown, or does not cover what was asked."""

    reason = "GRANT_INVALID"
    kind = Kind.FORBIDDEN
    message = "The grant does not allow this"


class GrantExpired(DomainError):
    """The grant's time is over."""

    reason = "GRANT_EXPIRED"
    kind = Kind.PRECONDITION
    message = "The grant has expired"


class GrantRevoked(DomainError):
    """The grant was ended."""

    reason = "GRANT_REVOKED"
    kind = Kind.PRECONDITION
    message = "The grant was revoked"


class GrantExhausted(DomainError):
    """The grant's releases are used up."""

    reason = "GRANT_EXHAUSTED"
    kind = Kind.EXHAUSTED
    message = "The grant allows no more releases"


class ReleaseReplayed(DomainError):
    """This very use was recorded before."""

    reason = "RELEASE_REPLAYED"
    kind = Kind.EXISTS
    message = "The key was released for this call before"


class ApiKeyDeleted(DomainError):
    """The key is gone."""

    reason = "API_KEY_DELETED"
    kind = Kind.PRECONDITION
    message = "The API key was deleted"


@dataclass(frozen=True, slots=True)
class Use:
    """One provider call: data row from 1, template from 0, the shard's fence, attempt within it from 1."""

    row: int
    template: int
    claim: int
    attempt: int


def shown(grant: JobGrant) -> JobGrant:
    """Return a grant that names what it should; raise GrantInvalid.

    Its names go into records: what Postgres would refuse must not spoil a batch of others.
    """
    if not _KEY_NAME.match(grant.api_key) or not f"{grant.id}{grant.account}{grant.job}".isprintable():
        raise GrantInvalid
    return grant


def check(grant: JobGrant, use: Use, now: datetime) -> None:
    """Raise GrantExpired or GrantInvalid unless the grant covers the use by what it says itself."""
    if now >= grant.expires:
        raise GrantExpired
    first, last, templates = _extent(grant)
    if not (
        first <= use.row <= last
        and 0 <= use.template < templates
        and use.claim >= 0
        and 1 <= use.attempt <= _LARGEST
    ):
        raise GrantInvalid


def budget(grant: JobGrant) -> int:
    """Return how many releases a grant allows: what it says, at most what its rows can need.

    That is rows x templates x attempts, and a slack for takeovers after crashes: `TAKEOVERS` times the calls
    in flight.
    """
    first, last, templates = _extent(grant)
    calls = max(0, last - first + 1) * max(0, templates)
    ceiling = calls * ATTEMPTS + TAKEOVERS * min(calls, SLACK_PER_TAKEOVER)
    return max(0, min(grant.release_budget, ceiling))


def _extent(grant: JobGrant) -> tuple[int, int, int]:
    """Return first row, last row and templates; a key test is one call of no file."""
    if grant.purpose in _ONE_CALL:
        return 1, 1, 1
    return max(1, grant.first_row), grant.last_row, grant.template_count
