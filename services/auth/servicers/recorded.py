"""Calls that become events of the account when they have ended."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from services.auth.accounts import emails
from services.auth.accounts.emails import EmailInvalid
from services.auth.events.events import Event, EventLog
from services.common import identity
from services.common.errors import DomainError
from services.common.rpc.servicing import Context

_LONGEST_USER_AGENT = 500
#: Refusals that tell an owner of something; what a limit refuses is told by the refusals that filled it.
_TOLD = {"ok", "UNAUTHENTICATED", "PASSWORD_WRONG"}


class Recorded:
    """A servicer, some methods of which are noted as events when they have ended."""

    def __init__(
        self,
        servicer: Any,
        actions: Mapping[str, str],
        *,
        events: EventLog,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._servicer = servicer
        self._events = events
        self._clock = clock
        self._new_id = new_id
        for method, action in actions.items():
            setattr(self, method, self._recorded(getattr(servicer, method), action))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._servicer, name)

    def _recorded(
        self, inner: Callable[[Any, Context], Awaitable[Any]], action: str
    ) -> Callable[[Any, Context], Awaitable[Any]]:
        async def call(request: Any, context: Context) -> Any:
            answer: Any = None
            outcome = "ok"
            try:
                answer = await inner(request, context)
            except DomainError as error:
                outcome = error.reason
                raise
            except BaseException:
                outcome = "INTERNAL"
                raise
            finally:
                if outcome in _TOLD:
                    self._note(request, answer, action=action, outcome=outcome)
            return answer

        return call

    def _note(self, request: Any, answer: Any, *, action: str, outcome: str) -> None:
        call = identity.current_call()
        self._events.note(
            Event(
                id=self._new_id(),
                time=self._clock(),
                action=action,
                outcome=outcome,
                account=call.passport.account if call.passport else "",
                email="" if call.passport else _address(getattr(request, "email", "")),
                object=_object(request, answer),
                client_address=call.client_address,
                user_agent=call.user_agent[:_LONGEST_USER_AGENT],
            )
        )


def _address(email: str) -> str:
    try:
        return emails.normalise(email)
    except EmailInvalid:
        return ""


def _object(request: Any, answer: Any) -> str:
    """Return the name of what was made, or of what was asked about."""
    for message in (getattr(answer, "session", None), answer, request):
        name = getattr(message, "name", "")
        if isinstance(name, str) and name and not name.endswith("/current"):
            return name
    return ""
