"""Accounts in Postgres."""

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from services.auth.accounts.accounts import Account, AccountState, Added, Credentials, SignUp
from services.auth.mail.letters import Mail, MailKind
from services.auth.mail.store import queue_mail
from services.auth.models import AccountRow, MailedTokenRow
from services.auth.passwords.passwords import StoredPassword
from services.common.database import Transactions, transaction
from services.common.errors import Unauthenticated

_ANY = select(exists().select_from(AccountRow))
_ONE_AT_A_TIME = select(func.pg_advisory_xact_lock(func.hashtext("smelt first account")))


def password_columns(password: StoredPassword) -> dict[str, object]:
    """Return the columns of an account that hold its password."""
    return {
        "password_scheme": password.scheme,
        "password_pepper_id": password.pepper_id,
        "password_hash": password.hash,
    }


async def lock_active_account(session: AsyncSession, account: str) -> str:
    """Lock an account's row until the transaction ends; return its e-mail address.

    Transactions that add something to one account wait for each other here, and an account that was closed
    gets nothing more. Raises Unauthenticated unless the account is active.
    """
    address: str | None = await session.scalar(
        select(AccountRow.email)
        .where(AccountRow.id == account, AccountRow.state == AccountState.ACTIVE.value)
        .with_for_update()
    )
    if address is None:
        raise Unauthenticated
    return address


async def renew_password(session: AsyncSession, known: Credentials, renewed: StoredPassword) -> None:
    """Store the same password under the current scheme and pepper, unless it was changed meanwhile."""
    await session.execute(
        update(AccountRow)
        .where(AccountRow.id == known.account.id, AccountRow.password_hash == known.password.hash)
        .values(password_columns(renewed))
    )


class AccountStore:
    """Stores accounts; the unique index on the address decides races."""

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
                # Of two simultaneous first registrations, the second waits here and finds the first.
                await session.execute(_ONE_AT_A_TIME)
                if await session.scalar(_ANY):
                    return Added.CLOSED
            added = (await session.execute(_registered(credentials, sign_up))).scalar_one_or_none()
            if sign_up.verify:
                if added is not None:
                    # A link from the earlier registration would activate the account with the new password.
                    await session.execute(delete(MailedTokenRow).where(MailedTokenRow.account == added))
                await queue_mail(session, Mail(MailKind.REGISTRATION, credentials.account.email))
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


def _registered(credentials: Credentials, sign_up: SignUp) -> ReturningInsert[tuple[str]]:
    account, kept = credentials.account, password_columns(credentials.password)
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
