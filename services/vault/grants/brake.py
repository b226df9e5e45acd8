"""The brake: how many grants, and of how many accounts, may come into use within a minute.

Each grant is checked on its own. A stolen processor gives itself away by the number of grants that it starts
to use. One account has only a share of them: a person who starts very much holds up nobody else, and raises
no alarm.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from services.common.errors import DomainError, Kind

SECONDS = 60


class ReleaseBrake(DomainError):
    """Too many new grants came into use within a minute, over all replicas; the same grant works later."""

    reason = "RELEASE_BRAKE"
    kind = Kind.EXHAUSTED
    message = "Too many jobs started at once; this one continues within a minute"


class GrantLimit(ReleaseBrake):
    """The account has started to use too many grants within a minute; the same grant works later."""

    reason = "GRANT_LIMIT"
    message = "The account has started too many jobs and tests at once; this one continues within a minute"


@dataclass(frozen=True, slots=True)
class Brake:
    """How many new grants may come into use in a minute, of how many accounts, and how many of each."""

    grants: int
    accounts: int
    share: int


@dataclass(slots=True)
class Recent:
    """What came into use within the last minute, over all replicas."""

    grants: int
    accounts: int
    #: The grants of those of the accounts asked about that are counted already.
    known: Counter[str]


Key = tuple[str, str]


def judged(brake: Brake, recent: Recent, new: Iterable[Key]) -> dict[Key, type[ReleaseBrake] | None]:
    """Return for each new grant, (account, id), why it may not come into use now; None if it may.

    An account's share is looked at first, so that no account alone uses up what there is for all.
    """
    found: dict[Key, type[ReleaseBrake] | None] = {}
    for account, id_ in new:
        beside = 0 if recent.known[account] else 1
        if recent.known[account] >= brake.share:
            found[account, id_] = GrantLimit
        elif recent.grants >= brake.grants or recent.accounts + beside > brake.accounts:
            found[account, id_] = ReleaseBrake
        else:
            found[account, id_] = None
            recent.grants += 1
            recent.accounts += beside
            recent.known[account] += 1
    return found
