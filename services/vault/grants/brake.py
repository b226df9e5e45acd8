"""The brake: how many grants, and of how many accounts, may come into use within a minute.

Each grant is checked on its own. A stolen processor gives itself away by the number of grants that it starts
to use.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from services.common.errors import DomainError, Kind

SECONDS = 60


class ReleaseBrake(DomainError):
    """Too many new grants came into use within a minute, over all replicas; the same grant works later."""

    reason = "RELEASE_BRAKE"
    kind = Kind.EXHAUSTED
    message = "Too many jobs started at once; this one continues within a minute"


@dataclass(frozen=True, slots=True)
class Brake:
    """How many new grants may come into use in a minute, and of how many accounts."""

    grants: int
    accounts: int


@dataclass(slots=True)
class Recent:
    """What came into use within the last minute, over all replicas."""

    grants: int
    accounts: int
    #: Those of the accounts asked about that are counted already.
    known: set[str]


def admitted(brake: Brake, recent: Recent, new: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the new grants, (account, id), that may come into use now."""
    passed = []
    for account, id_ in new:
        beside = 0 if account in recent.known else 1
        if recent.grants >= brake.grants or recent.accounts + beside > brake.accounts:
            continue
        recent.grants += 1
        recent.accounts += beside
        recent.known.add(account)
        passed.append((account, id_))
    return passed
