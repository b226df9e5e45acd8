"""Sagas: work across several services, such as a deletion or an export, that survives any crash.

`services.auth.due` claims such work, holds it and puts it off; this module holds what both sagas share.
"""

from collections.abc import Awaitable, Callable

from services.auth.due.work import Claim, DueRows, DueWork, Patience, Pauses

#: A service that restarts is back within seconds. A longer first pause delays the work; a shorter longest
#: pause burdens a service that is down for long.
_PAUSES = Pauses(first_seconds=2, longest_seconds=60)
#: More than one, so that a long export does not delay the next; more than two would compete for the same
#: services.
_AT_ONCE = 2


def saga(
    name: str,
    rows: DueRows,
    perform: Callable[[Claim], Awaitable[None]],
    *,
    claim_seconds: float,
    patience: Patience | None = None,
) -> DueWork:
    """Return the worker of a saga; without `patience` it tries until it succeeds."""
    return DueWork(
        name,
        rows,
        perform,
        pauses=_PAUSES,
        claim_seconds=claim_seconds,
        patience=patience,
        at_once=_AT_ONCE,
    )
