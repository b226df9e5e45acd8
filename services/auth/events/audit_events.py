"""An account's events in one list: auth's own and the vault's, merged by time, newest first."""

import asyncio
import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from services.common.paging import PageTokenInvalid, moment

DEFAULT_SIZE = 50
#: The vault returns at most 1000 events at a time; the rest is room for events of the same moment.
LARGEST_SIZE = 500
#: A page starts at the moment where the page before ended: events of that moment are read again and skipped.
#: With more events than this in one microsecond, some would be missed.
_SAME_MOMENT = 200
_RESOLUTION = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """Something that happened. Ids from different services never collide."""

    id: str
    time: datetime
    action: str
    outcome: str
    object: str = ""
    client_address: str = ""
    user_agent: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """A service that has events."""

    async def page(self, account: str, *, before: datetime | None, count: int) -> Sequence[AuditEvent]:
        """Return up to `count` events before a moment, newest first."""
        ...


class AuditEvents:
    """Merges the events of its sources."""

    def __init__(self, *sources: Source) -> None:
        self._sources = sources

    async def page(self, account: str, *, token: str, size: int) -> tuple[Sequence[AuditEvent], str]:
        """Return a page and the token of the next; raise PageTokenInvalid."""
        after = _parsed(token)
        size = min(size, LARGEST_SIZE) or DEFAULT_SIZE
        before = None if after is None else after[0] + _RESOLUTION
        asked = (
            source.page(account, before=before, count=size + 1 + _SAME_MOMENT) for source in self._sources
        )
        found = [event for events in await asyncio.gather(*asked) for event in events]
        found.sort(key=_place, reverse=True)
        if after is not None:
            found = [event for event in found if _place(event) < after]
        page = found[:size]
        return page, _token(page[-1]) if len(found) > size else ""


def _place(event: AuditEvent) -> tuple[datetime, str]:
    return event.time, event.id


def _token(event: AuditEvent) -> str:
    text = f"{event.time.isoformat()}|{event.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _parsed(token: str) -> tuple[datetime, str] | None:
    if not token:
        return None
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True).decode()
        time, _, id_ = text.partition("|")
        after = moment(time)
        # The largest datetime has no moment after it: adding to it raises OverflowError.
        after + _RESOLUTION
    except (ValueError, OverflowError, binascii.Error):
        raise PageTokenInvalid from None
    return after, id_
