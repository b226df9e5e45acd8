"""Accounts and sessions in Postgres."""

from datetime import datetime, timedelta

from sqlalchemy import delete, exists, func, literal, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from services.auth import device_store, outbox
from services.auth.devices import NewDevice
from services.auth.mail import Mail, MailKind
from services.auth.models import AccountRow, MailedTokenRow, SessionRow
from services.auth.passwords import StoredPassword
from services.auth.sessions import USE_NOTED_EVERY, Device, EndReason, Session
from services.auth.users import Account, AccountState, Added, Credentials, SignUp
from services.common.database import Transactions, transaction
from services.common.paging import Position

_ANY = select(exists().select_from(AccountRow))
_ONE_AT_A_TIME = select(func.pg_advisory_xact_lock(func.hashtext("smelt first account")))


class AccountStore:
    """Keeps accounts; the unique index on the address settles races."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def is_open(self, sign_up: SignUp) -> bool:
        if not sign_up.first_only:
            return True
        async with transaction(self._transactions) as session:
            return not await session.scalar(_ANY)

    async def add(self, credentials: Credentials, sign_up: SignUp) -> Added:
        async with transaction(self._transactions) as session:
            if sign_up.first_only:
                # Of two first ones at the same moment, the second waits here and finds the first.
                await session.execute(_ONE_AT_A_TIME)
                if await session.scalar(_ANY):
                    return Added.CLOSED
            added = (await session.execute(_registered(credentials, sign_up))).scalar_one_or_none()
            if sign_up.verify:
                if added is not None:
                    # A link from an earlier registration would verify its password's successor.
                    await session.execute(delete(MailedTokenRow).where(MailedTokenRow.account == added))
                await outbox.add(session, Mail(MailKind.REGISTRATION, credentials.account.email))
            return Added.TAKEN if added is None else Added.NEW

    async def by_email(self, email: str) -> Credentials | None:
        async with transaction(self._transactions) as session:
            row = await session.scalar(select(AccountRow).where(AccountRow.email == email))
        if row is None:
            return None
        password = StoredPassword(row.password_scheme, row.password_pepper_id, row.password_hash)
        return Credentials(_account(row), password, row.password_generation)

    async def get(self, account_id: str) -> Account | None:
        async with transaction(self._transactions) as session:
            row = await session.get(AccountRow, account_id)
        return _account(row) if row is not None else None


class SessionStore:
    """Keeps sessions."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def open(self, opened: Session, *, generation: int, device: NewDevice | None) -> bool:
        # One statement: an account that is closed, or gets another password meanwhile, gets no session.
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
            if (await session.execute(statement)).scalar_one_or_none() is None:
                return False
            if device is not None:
                await device_store.remember(session, device, account=opened.account, now=opened.create_time)
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
        statement = (
            select(SessionRow)
            .where(
                SessionRow.account == account,
                SessionRow.end_time.is_(None),
                SessionRow.expire_time > now,
                SessionRow.last_used_time > now - idle,
            )
            .order_by(SessionRow.create_time.desc(), SessionRow.id.desc())
            .limit(count)
        )
        if after is not None:
            statement = statement.where(
                tuple_(SessionRow.create_time, SessionRow.id) < (after.create_time, after.id)
            )
        async with transaction(self._transactions) as opened:
            return [_session(row) for row in await opened.scalars(statement)]

    async def sweep(self, *, before: datetime) -> None:
        """Forget sessions that have ended, or run out, before then."""
        over = func.least(SessionRow.expire_time, func.coalesce(SessionRow.end_time, SessionRow.expire_time))
        async with transaction(self._transactions) as opened:
            await opened.execute(delete(SessionRow).where(over < before))

    async def note_use(self, session: str, /, *, now: datetime) -> None:
        # The condition lets one of many requests at the same moment write, and never turns time back.
        statement = (
            update(SessionRow)
            .where(SessionRow.id == session, SessionRow.last_used_time <= now - USE_NOTED_EVERY)
            .values(last_used_time=now)
        )
        async with transaction(self._transactions) as opened:
            await opened.execute(statement)


def _registered(credentials: Credentials, sign_up: SignUp) -> ReturningInsert[tuple[str]]:
    account, password = credentials.account, credentials.password
    kept = {
        "password_scheme": password.scheme,
        "password_pepper_id": password.pepper_id,
        "password_hash": password.hash,
    }
    inserted = insert(AccountRow).values(
        id=account.id,
        email=account.email,
        state=account.state.value,
        create_time=account.create_time,
        **kept,
    )
    if not sign_up.verify:
        return inserted.on_conflict_do_nothing(index_elements=[AccountRow.email]).returning(AccountRow.id)
    return inserted.on_conflict_do_update(
        index_elements=[AccountRow.email],
        set_=kept | {"password_generation": AccountRow.password_generation + 1},
        where=AccountRow.state == AccountState.UNVERIFIED.value,
    ).returning(AccountRow.id)


def _account(row: AccountRow) -> Account:
    return Account(row.id, row.email, AccountState(row.state), row.create_time)


def _session(row: SessionRow) -> Session:
    return Session(
        id=row.id,
        account=row.account,
        create_time=row.create_time,
        last_used_time=row.last_used_time,
        expire_time=row.expire_time,
        device=Device(row.user_agent, row.client_address),
    )
