"""Sessions in Postgres."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.auth.accounts.accounts import AccountState
from services.auth.accounts.store import renew_password
from services.auth.limits.store import forgive_attempts
from services.auth.models import AccountRow, SessionRow, newest_of
from services.auth.sessions.devices import NewDevice
from services.auth.sessions.sessions import (
    MOST_KEPT,
    USE_NOTED_EVERY,
    Device,
    EndReason,
    RightPassword,
    Session,
)
from services.auth.sessions.store.devices import remember_device
from services.common.database import Transactions, transaction
from services.common.paging import Position


class SessionStore:
    """Stores sessions."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def open(
        self, opened: Session, *, generation: int, device: NewDevice | None, by: RightPassword | None
    ) -> bool:
        # One statement, so that an account which is closed or gets another password at this moment gets no
        # session.
        values = {
            SessionRow.id: literal(opened.id),
            SessionRow.account: AccountRow.id,
            SessionRow.create_time: literal(opened.create_time),
            SessionRow.last_used_time: literal(opened.create_time),
            SessionRow.expire_time: literal(opened.expire_time),
            SessionRow.user_agent: literal(opened.device.user_agent),
            SessionRow.client_address: literal(opened.device.client_address),
        }
        active = (
            select(*values.values())
            .where(
                AccountRow.id == opened.account,
                AccountRow.state == AccountState.ACTIVE.value,
                AccountRow.password_generation == generation,
            )
            .with_for_update(read=True)
        )
        statement = insert(SessionRow).from_select(list(values), active).returning(SessionRow.id)
        async with transaction(self._transactions) as session:
            if by is not None and by.renewed is not None:
                # Before the next statement takes a shared lock on the account's row: two sign-ins that both
                # held one would deadlock when they write to it.
                await renew_password(session, by.known, by.renewed)
            if (await session.execute(statement)).scalar_one_or_none() is None:
                return False
            await _end_beyond(session, opened.account, opened.create_time)
            if by is not None:
                await forgive_attempts(session, by.attempt)
            if device is not None:
                await remember_device(session, device, account=opened.account, now=opened.create_time)
            return True

    async def end(self, session: str, *, account: str, now: datetime, reason: EndReason) -> bool:
        statement = (
            update(SessionRow)
            .where(SessionRow.id == session, SessionRow.account == account, SessionRow.end_time.is_(None))
            .values(end_time=now, end_reason=reason.value)
            .returning(SessionRow.id)
        )
        async with transaction(self._transactions) as opened:
            return (await opened.execute(statement)).scalar_one_or_none() is not None

    async def end_others(self, account: str, *, keep: str, now: datetime, reason: EndReason) -> int:
        statement = (
            update(SessionRow)
            .where(SessionRow.account == account, SessionRow.id != keep, SessionRow.end_time.is_(None))
            .values(end_time=now, end_reason=reason.value)
            .returning(SessionRow.id)
        )
        async with transaction(self._transactions) as opened:
            return len((await opened.execute(statement)).all())

    async def page(
        self, account: str, after: Position | None, count: int, *, now: datetime, idle: timedelta
    ) -> list[Session]:
        statement = newest_of(SessionRow, account, after, count).where(
            SessionRow.end_time.is_(None),
            SessionRow.expire_time > now,
            SessionRow.last_used_time > now - idle,
        )
        async with transaction(self._transactions) as opened:
            return [_session(row) for row in await opened.scalars(statement)]

    async def sweep(self, *, before: datetime) -> None:
        """Remove sessions that ended or expired before a moment."""
        over = func.least(SessionRow.expire_time, func.coalesce(SessionRow.end_time, SessionRow.expire_time))
        async with transaction(self._transactions) as opened:
            await opened.execute(delete(SessionRow).where(over < before))

    async def note_use(self, session: str, /, *, now: datetime) -> None:
        # The condition lets only one of many simultaneous requests write, and never moves the time back.
        statement = (
            update(SessionRow)
            .where(SessionRow.id == session, SessionRow.last_used_time <= now - USE_NOTED_EVERY)
            .values(last_used_time=now)
        )
        async with transaction(self._transactions) as opened:
            await opened.execute(statement)


async def _end_beyond(session: AsyncSession, account: str, now: datetime) -> None:
    """End the sessions of an account beyond MOST_KEPT, and remove as many of those that have ended."""
    mine, is_open = SessionRow.account == account, SessionRow.end_time.is_(None)
    kept = select(SessionRow.id).where(mine).limit(MOST_KEPT)
    newest = kept.where(is_open).order_by(SessionRow.last_used_time.desc(), SessionRow.create_time.desc())
    ended = {"end_time": now, "end_reason": EndReason.TOO_MANY.value}
    await session.execute(update(SessionRow).where(mine, is_open, SessionRow.id.not_in(newest)).values(ended))
    latest = kept.where(~is_open).order_by(SessionRow.end_time.desc())
    await session.execute(delete(SessionRow).where(mine, ~is_open, SessionRow.id.not_in(latest)))


def _session(row: SessionRow) -> Session:
    return Session(
        id=row.id,
        account=row.account,
        create_time=row.create_time,
        last_used_time=row.last_used_time,
        expire_time=row.expire_time,
        device=Device(row.user_agent, row.client_address),
    )
