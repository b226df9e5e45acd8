"""Accounts and sessions in Postgres."""

from datetime import datetime

from sqlalchemy import literal, select, update
from sqlalchemy.dialects.postgresql import insert

from services.auth.models import AccountRow, SessionRow
from services.auth.passwords import StoredPassword
from services.auth.sessions import USE_NOTED_EVERY, EndReason, Session
from services.auth.transactions import Transactions, transaction
from services.auth.users import Account, AccountState, Credentials


class AccountStore:
    """Keeps accounts; the unique index on the address settles races."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def add(self, credentials: Credentials) -> bool:
        account, password = credentials.account, credentials.password
        statement = (
            insert(AccountRow)
            .values(
                id=account.id,
                email=account.email,
                state=account.state.value,
                create_time=account.create_time,
                password_scheme=password.scheme,
                password_pepper_id=password.pepper_id,
                password_hash=password.hash,
            )
            .on_conflict_do_nothing(index_elements=[AccountRow.email])
            .returning(AccountRow.id)
        )
        async with transaction(self._transactions) as session:
            return (await session.execute(statement)).scalar_one_or_none() is not None

    async def by_email(self, email: str) -> Credentials | None:
        async with transaction(self._transactions) as session:
            row = await session.scalar(select(AccountRow).where(AccountRow.email == email))
        if row is None:
            return None
        password = StoredPassword(row.password_scheme, row.password_pepper_id, row.password_hash)
        return Credentials(_account(row), password)

    async def get(self, account_id: str) -> Account | None:
        async with transaction(self._transactions) as session:
            row = await session.get(AccountRow, account_id)
        return _account(row) if row is not None else None


class SessionStore:
    """Keeps sessions."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def open(self, opened: Session) -> bool:
        # One statement: an account that is closed meanwhile gets no session.
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
            .where(AccountRow.id == opened.account, AccountRow.state == AccountState.ACTIVE.value)
            .with_for_update(read=True)
        )
        statement = insert(SessionRow).from_select(list(values), active).returning(SessionRow.id)
        async with transaction(self._transactions) as session:
            return (await session.execute(statement)).scalar_one_or_none() is not None

    async def end(self, session: str, *, account: str, now: datetime, reason: EndReason) -> bool:
        statement = (
            update(SessionRow)
            .where(SessionRow.id == session, SessionRow.account == account, SessionRow.end_time.is_(None))
            .values(end_time=now, end_reason=reason.value)
            .returning(SessionRow.id)
        )
        async with transaction(self._transactions) as opened:
            return (await opened.execute(statement)).scalar_one_or_none() is not None

    async def note_use(self, session: str, /, *, now: datetime) -> None:
        # The condition lets one of many requests at the same moment write, and never turns time back.
        statement = (
            update(SessionRow)
            .where(SessionRow.id == session, SessionRow.last_used_time <= now - USE_NOTED_EVERY)
            .values(last_used_time=now)
        )
        async with transaction(self._transactions) as opened:
            await opened.execute(statement)


def _account(row: AccountRow) -> Account:
    return Account(row.id, row.email, AccountState(row.state), row.create_time)
