"""The parts of the audit log that owners may read: an account's events, and the uses of its keys."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from services.common.database import transaction
from services.common.paging import PageTokenInvalid, Position
from services.vault.audit.reading import KeyUse, Recorded

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 1, 1, tzinfo=UTC)
#: How many records one page of uses is computed from; the last of them may split an hour.
_USES_READ = 20_000
# The keyed digest of a released key is only for verifying the log.
_UNTOLD = {"key"}
_PLACE = re.compile(r"([0-9]{1,19})S([a-z0-9ZP]{1,40})\Z")
_SKIP = re.compile(r"[0-9]{1,6}\Z")

_EVENTS = text("""
SELECT chain, seq, time, object, action, outcome, body FROM audit_records
WHERE account = :account AND action <> 'release' AND time >= :since AND time < :until
    AND (time, seq, chain) < (:time, :seq, :chain)
ORDER BY time DESC, seq DESC, chain DESC LIMIT :size
""")
# Records of one batch have the same time, so the window must not end between two of them.
_USES = text("""
WITH newest AS (
    SELECT time, outcome, body::json AS said FROM audit_records
    WHERE account = :account AND object = :object AND action = 'release' AND time < :before
    ORDER BY time DESC FETCH FIRST :most ROWS WITH TIES
), uses AS (
    SELECT coalesce(said->>'job', '') AS job, outcome, coalesce(said->>'reason', '') AS reason,
        date_trunc('hour', time, 'UTC') AS hour, count(*) AS count, min(time) AS first, max(time) AS last
    FROM newest GROUP BY 1, 2, 3, 4
)
SELECT job, outcome, reason, count, first, last, sum(count) OVER () AS read, min(first) OVER () AS oldest
FROM uses ORDER BY hour DESC, last DESC, job, outcome, reason OFFSET :skip LIMIT :size
""")


@dataclass(frozen=True, slots=True)
class AuditReader:
    """Reads the audit log."""

    sessions: async_sessionmaker[AsyncSession]

    async def events(
        self,
        account: str,
        since: datetime | None,
        until: datetime | None,
        after: Position | None,
        count: int,
    ) -> Sequence[Recorded]:
        """Return at most `count` events that follow `after`, newest first; raise PageTokenInvalid."""
        time, seq, chain = _LAST, 0, ""
        if after is not None:
            place = _PLACE.match(after.id)
            if place is None:
                raise PageTokenInvalid
            time, seq = after.create_time, int(place[1])
            chain = place[2].replace("Z", "-").replace("P", ".")
        wanted = {
            "account": account,
            "since": since or _FIRST,
            "until": until or _LAST,
            "time": time,
            "seq": seq,
            "chain": chain,
            "size": count,
        }
        async with transaction(self.sessions) as session:
            found = await session.execute(_EVENTS, wanted)
            return [_recorded(row) for row in found]

    async def uses(
        self, account: str, name: str, *, after: Position | None, size: int
    ) -> tuple[Sequence[KeyUse], Position | None]:
        """Return at most `size` uses of a key that follow `after`, newest first, and where the next page is.

        Raises PageTokenInvalid.
        """
        before, skip = _LAST, 0
        if after is not None:
            if not _SKIP.match(after.id):
                raise PageTokenInvalid
            before, skip = after.create_time, int(after.id)
        wanted = {"account": account, "object": name, "before": before, "most": _USES_READ}
        async with transaction(self.sessions) as session:
            # One more than the page, because that tells whether there is another.
            found = (await session.execute(_USES, wanted | {"skip": skip, "size": size + 1})).all()
        page = [KeyUse(*row[:6]) for row in found[:size]]
        if len(found) > size:
            return page, Position(before, str(skip + size))
        if found and found[0].read >= _USES_READ:
            return page, Position(found[0].oldest, "0")
        return page, None


def _recorded(row: Any) -> Recorded:
    return Recorded(row.chain, row.seq, row.time, row.object, row.action, row.outcome, _told(row.body))


def _told(body: str) -> dict[str, str]:
    said: dict[str, Any] = orjson.loads(body)
    return {
        name: str(value) for name, value in said.items() if name not in _UNTOLD and value not in ("", None)
    }
