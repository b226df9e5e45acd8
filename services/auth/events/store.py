"""Events in Postgres."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.auth.events.audit_events import AuditEvent
from services.auth.events.events import Event
from services.auth.models import EventRow
from services.common.database import Transactions, transaction
from services.common.ids import new_id

# An address without an account gets no events.
_ADD = text("""
INSERT INTO event (id, account, time, action, outcome, object, client_address, user_agent)
SELECT e.id, a.id, e.time, e.action, e.outcome, e.object, e.client_address, e.user_agent
FROM unnest(
    CAST(:ids AS text[]), CAST(:accounts AS text[]), CAST(:emails AS text[]), CAST(:times AS timestamptz[]),
    CAST(:actions AS text[]), CAST(:outcomes AS text[]), CAST(:objects AS text[]),
    CAST(:addresses AS text[]), CAST(:agents AS text[])
) AS e(id, account, email, time, action, outcome, object, client_address, user_agent)
JOIN account AS a ON a.id = e.account OR (e.account = '' AND a.email = e.email) OR (
    e.account = '' AND e.email = ''
    AND a.id = (SELECT s.account FROM session AS s WHERE 'sessions/' || s.id = e.object)
)
ON CONFLICT (id) DO NOTHING
RETURNING account
""")
_CUT = text("""
DELETE FROM event WHERE account = :account AND (time, id) <= (
    SELECT time, id FROM event WHERE account = :account ORDER BY time DESC, id DESC OFFSET :most LIMIT 1
)
""")
_SWEEP = 5_000


async def note_event(
    session: AsyncSession,
    account: str,
    action: str,
    *,
    now: datetime,
    client_address: str = "",
    user_agent: str = "",
) -> None:
    """Write an event in the caller's transaction, for a call whose answer does not name the account."""
    await session.execute(
        insert(EventRow).values(
            id=new_id(),
            account=account,
            time=now,
            action=action,
            outcome="ok",
            object="",
            client_address=client_address,
            user_agent=user_agent,
        )
    )


class EventStore:
    """Stores the events of accounts, limited by age and number."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def add(self, events: Sequence[Event], *, most: int) -> None:
        columns = {
            "ids": [each.id for each in events],
            "accounts": [each.account for each in events],
            "emails": [each.email for each in events],
            "times": [each.time for each in events],
            "actions": [each.action for each in events],
            "outcomes": [each.outcome for each in events],
            "objects": [each.object for each in events],
            "addresses": [each.client_address for each in events],
            "agents": [each.user_agent for each in events],
        }
        async with transaction(self._transactions) as session:
            added = set(await session.scalars(_ADD, columns))
            for account in sorted(added):
                await session.execute(_CUT, {"account": account, "most": most})

    async def page(self, account: str, *, before: datetime | None, count: int) -> Sequence[AuditEvent]:
        """Return events from before a moment, newest first."""
        wanted = select(EventRow).where(EventRow.account == account)
        if before is not None:
            wanted = wanted.where(EventRow.time < before)
        wanted = wanted.order_by(EventRow.time.desc(), EventRow.id.desc()).limit(count)
        async with transaction(self._transactions) as session:
            return [
                AuditEvent(
                    id=row.id,
                    time=row.time,
                    action=row.action,
                    outcome=row.outcome,
                    object=row.object,
                    client_address=row.client_address,
                    user_agent=row.user_agent,
                )
                for row in await session.scalars(wanted)
            ]

    async def sweep(self, before: datetime) -> None:
        """Remove up to 5,000 events from before a moment."""
        some = select(EventRow.id).where(EventRow.time < before).limit(_SWEEP)
        async with transaction(self._transactions) as session:
            await session.execute(delete(EventRow).where(EventRow.id.in_(some)))
