"""What happened to accounts in auth, kept for their owners to read; written beside the answers, never before.

An answer does not wait for its event: how long it takes would tell whether an address has an account.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.common.errors import DomainError
from services.common.logs import describe, log

#: So many wait to be written; when the database is away for longer, the newest are lost.
MOST_WAITING = 2_000
#: An account keeps so many; older ones go, whatever their age.
MOST_KEPT = 10_000
_BATCH = 200
_RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an account: by its id, or else by the address that was given."""

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
    """Where events are kept; raises Unavailable."""

    async def add(self, events: Sequence[Event], *, most: int) -> None:
        """Keep the events of accounts that there are, and of each account the newest `most`."""
        ...


class EventLog:
    """Takes events at once and writes them a moment later."""

    def __init__(self, records: EventRecords) -> None:
        self._records = records
        self._waiting: asyncio.Queue[Event] = asyncio.Queue(MOST_WAITING)

    def note(self, event: Event) -> None:
        """Have an event written; does not wait and does not fail."""
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            log.warning("events.lost", action=event.action)

    async def run(self) -> None:
        """Write until cancelled, and then what is left."""
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
