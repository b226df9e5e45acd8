"""Sagas: work over several services, a deletion or an export, that goes on after any crash and is never lost.

How such work is claimed, held and put off stands in `services.auth.due`; here is what both sagas have alike.
"""

from collections.abc import Awaitable, Callable

from services.auth.due.work import Claim, DueRows, DueWork, Patience, Pauses

#: A service that restarts is back within seconds; one that is down for long is called once a minute.
_PAUSES = Pauses(first_seconds=2, longest_seconds=60)
#: A long export does not keep the next one waiting; more at once would only compete for the same services.
_AT_ONCE = 2


def saga(
    name: str,
    rows: DueRows,
    perform: Callable[[Claim], Awaitable[None]],
    *,
    claim_seconds: float,
    patience: Patience | None = None,
) -> DueWork:
    """Return the loops that work off a saga; without `patience` it is tried until it succeeds."""
    return DueWork(
        name,
        rows,
        perform,
        pauses=_PAUSES,
        claim_seconds=claim_seconds,
        patience=patience,
        at_once=_AT_ONCE,
    )
