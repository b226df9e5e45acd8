"""Events of accounts, kept for their owners to read; written in the background, never before the answer.

An answer that waited for its event would reveal by its timing whether an address has an account.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.common.errors import DomainError
from services.common.logs import describe, log

#: At most this many events wait to be written. While the database is down for longer, the newest are lost;
#: more would only use memory.
MOST_WAITING = 2_000
#: An account keeps at most this many events, the newest. More, and a script that signs in often fills the
#: table.
MOST_KEPT = 10_000
_BATCH = 200
_RETRY_SECONDS = 1.0

#: Characters of a client's `User-Agent` that are kept.
LONGEST_USER_AGENT = 500


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an account, named by its id or else by its e-mail address."""

    id: str
    time: datetime
    action: str
    outcome: str
    account: str = ""
    email: str = ""
    object: str = ""
    client_address: str = ""
    user_agent: str = ""


class EventRecords(Protocol):
    """Stores events; raises Unavailable."""

    async def add(self, events: Sequence[Event], *, most: int) -> None:
        """Store the events of existing accounts, keeping the newest `most` of each account."""
        ...


class EventLog:
    """Accepts events immediately and writes them a moment later."""

    def __init__(self, records: EventRecords) -> None:
        self._records = records
        self._waiting: asyncio.Queue[Event] = asyncio.Queue(MOST_WAITING)

    def note(self, event: Event) -> None:
        """Queue an event; never waits and never fails."""
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            log.warning("events.lost", action=event.action)

    async def run(self) -> None:
        """Write until cancelled, then write what is left."""
        try:
            while True:
                await self._write([await self._waiting.get(), *self._more(_BATCH - 1)])
        finally:
            await self._write(self._more(MOST_WAITING), tries=1)

    async def _write(self, events: Sequence[Event], *, tries: int = 60) -> None:
        for _ in range(tries if events else 0):
            try:
                await self._records.add(events, most=MOST_KEPT)
            except DomainError as error:
                log.warning("events.waiting", count=len(events), **describe(error))
                await asyncio.sleep(_RETRY_SECONDS)
            else:
                return

    def _more(self, most: int) -> list[Event]:
        return [self._waiting.get_nowait() for _ in range(min(most, self._waiting.qsize()))]
