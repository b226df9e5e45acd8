"""Records calls as events of the account after they have ended."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from services.auth.accounts import emails
from services.auth.accounts.emails import EmailInvalid
from services.auth.events.actions import WRITTEN_AFTER_THE_CALL
from services.auth.events.events import LONGEST_USER_AGENT, Event, EventLog
from services.common import identity
from services.common.rpc.guard import Ended

#: Outcomes that an owner should see. A limit's own refusals are left out: those that filled it are recorded.
_TOLD = {"ok", "UNAUTHENTICATED", "PASSWORD_WRONG"}


class Recorded:
    """The guard's hook after a call: records what an owner should see."""

    def __init__(self, events: EventLog, *, clock: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._events = events
        self._clock = clock
        self._new_id = new_id

    def note(self, ended: Ended) -> None:
        """Record a call that was admitted and has an action, if an owner should see its outcome."""
        action = WRITTEN_AFTER_THE_CALL.get(ended.method)
        if action is None or not ended.admitted or ended.outcome not in _TOLD:
            return
        call = identity.current_call()
        self._events.note(
            Event(
                id=self._new_id(),
                time=self._clock(),
                action=action,
                outcome=ended.outcome,
                account=call.passport.account if call.passport else "",
                email="" if call.passport else _address(getattr(ended.request, "email", "")),
                object=_object(ended.request, ended.answer),
                client_address=call.client_address,
                user_agent=call.user_agent[:LONGEST_USER_AGENT],
            )
        )


def _address(email: str) -> str:
    try:
        return emails.normalise(email)
    except EmailInvalid:
        return ""


def _object(request: Any, answer: Any) -> str:
    """Return the name of the object that was created, or that the request named."""
    for message in (getattr(answer, "session", None), answer, request):
        name = getattr(message, "name", "")
        if isinstance(name, str) and name and not name.endswith("/current"):
            return name
    return ""
