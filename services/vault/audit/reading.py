"""What owners may read of the audit log: the values, and the capability to read them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.common.paging import Position


@dataclass(frozen=True, slots=True)
class Recorded:
    """A record as its owner may see it."""

    chain: str
    seq: int
    time: datetime
    object: str
    action: str
    outcome: str
    details: dict[str, str]

    @property
    def position(self) -> Position:
        """Where the page after this record begins."""
        return Position(self.time, f"{self.seq}S{self.chain.replace('-', 'Z').replace('.', 'P')}")


@dataclass(frozen=True, slots=True)
class KeyUse:
    """The number of requests for a key, for one job within an hour, that had the same outcome."""

    job: str
    outcome: str
    reason: str
    count: int
    start_time: datetime
    end_time: datetime


class ReadsAudit(Protocol):
    """Reads an account's records in pages, newest first; raises PageTokenInvalid, Unavailable."""

    async def events(
        self,
        account: str,
        since: datetime | None,
        until: datetime | None,
        after: Position | None,
        count: int,
    ) -> Sequence[Recorded]: ...

    async def uses(
        self, account: str, name: str, *, after: Position | None, size: int
    ) -> tuple[Sequence[KeyUse], Position | None]: ...
