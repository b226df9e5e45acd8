"""What people may read of the audit log, and what those ask for who serve it to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.common.paging import Position


@dataclass(frozen=True, slots=True)
class Recorded:
    """A record as a person may see it."""

    chain: str
    seq: int
    time: datetime
    object: str
    action: str
    outcome: str
    details: dict[str, str]

    @property
    def position(self) -> Position:
        """Where a page that ends with this record goes on."""
        return Position(self.time, f"{self.seq}S{self.chain.replace('-', 'Z').replace('.', 'P')}")


@dataclass(frozen=True, slots=True)
class KeyUse:
    """So many asks for a key for one job within an hour that came to the same."""

    job: str
    outcome: str
    reason: str
    count: int
    start_time: datetime
    end_time: datetime


class Events(Protocol):
    """The events of an account; raises Unavailable."""

    async def events(
        self,
        account: str,
        since: datetime | None,
        until: datetime | None,
        after: Position | None,
        count: int,
    ) -> Sequence[Recorded]:
        """Return up to `count` events that follow `after`, newest first; raise PageTokenInvalid."""
        ...


class KeyUses(Protocol):
    """The uses of an account's keys; raises Unavailable."""

    async def uses(
        self, account: str, name: str, *, after: Position | None, size: int
    ) -> tuple[Sequence[KeyUse], Position | None]:
        """Return up to `size` uses that follow `after`, newest first, and where they go on."""
        ...
