"""The brake: how many grants, and of how many accounts, may begin to be used within a minute.

Each grant is checked on its own; a stolen processor shows itself by how many it begins at once.
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
    """How many grants that were never used, and distinct accounts among them, may come in a minute."""

    grants: int
    accounts: int


@dataclass(slots=True)
class Recent:
    """What began to be used within the last minute, over all replicas."""

    grants: int
    accounts: int
    #: Of the accounts that are asked about, those that are among them.
    known: set[str]


def admitted(brake: Brake, recent: Recent, new: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return those of the new grants, (account, id), that may begin now."""
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
