"""Digests of mailed tokens in Postgres: for each account and purpose, only the newest."""

from sqlalchemy import delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.auth.accounts.accounts import AccountState
from services.auth.mail.mailed_tokens import LIFE, Purpose
from services.auth.models import AccountRow, MailedTokenRow
from services.auth.opaque_tokens import NewToken
from services.common.database import Transactions, transaction

#: The states in which an account can get a token. Setting a password by mail also verifies the address.
_STATES = {
    Purpose.PASSWORD_RESET: (AccountState.ACTIVE, AccountState.UNVERIFIED),
    Purpose.SIGN_IN: (AccountState.ACTIVE,),
    Purpose.VERIFY_EMAIL: (AccountState.UNVERIFIED,),
}


async def use_token(session: AsyncSession, digest: bytes, purpose: Purpose) -> str | None:
    """Use a token up and return its account. Of two simultaneous uses, the second finds nothing."""
    statement = (
        delete(MailedTokenRow)
        .where(
            MailedTokenRow.digest == digest,
            MailedTokenRow.purpose == purpose.value,
            MailedTokenRow.expire_time > func.clock_timestamp(),
        )
        .returning(MailedTokenRow.account)
    )
    return (await session.execute(statement)).scalar_one_or_none()


class MailedTokenStore:
    """Stores digests until their tokens are used, replaced or expired."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def issue(self, email: str, purpose: Purpose, token: NewToken) -> bool:
        values = {
            MailedTokenRow.account: AccountRow.id,
            MailedTokenRow.purpose: literal(purpose.value),
            MailedTokenRow.digest: literal(token.digest),
            MailedTokenRow.create_time: func.clock_timestamp(),
            MailedTokenRow.expire_time: func.clock_timestamp() + LIFE,
        }
        states = [state.value for state in _STATES[purpose]]
        owner = select(*values.values()).where(AccountRow.email == email, AccountRow.state.in_(states))
        inserted = insert(MailedTokenRow).from_select(list(values), owner)
        new = inserted.excluded
        statement = inserted.on_conflict_do_update(
            index_elements=[MailedTokenRow.account, MailedTokenRow.purpose],
            set_={"digest": new.digest, "create_time": new.create_time, "expire_time": new.expire_time},
        ).returning(MailedTokenRow.account)
        async with transaction(self._transactions) as session:
            return (await session.execute(statement)).scalar_one_or_none() is not None

    async def use_sign_in(self, digest: bytes) -> tuple[str, int] | None:
        async with transaction(self._transactions) as session:
            account = await use_token(session, digest, Purpose.SIGN_IN)
            if account is None:
                return None
            found = select(AccountRow.password_generation).where(AccountRow.id == account)
            return account, (await session.execute(found)).scalar_one()

    async def verify_email(self, digest: bytes) -> bool:
        async with transaction(self._transactions) as session:
            account = await use_token(session, digest, Purpose.VERIFY_EMAIL)
            if account is None:
                return False
            verified = (
                update(AccountRow)
                .where(AccountRow.id == account, AccountRow.state == AccountState.UNVERIFIED.value)
                .values(state=AccountState.ACTIVE.value)
                .returning(AccountRow.id)
            )
            return (await session.execute(verified)).scalar_one_or_none() is not None

    async def sweep(self) -> None:
        """Remove expired tokens."""
        async with transaction(self._transactions) as session:
            over = MailedTokenRow.expire_time <= func.clock_timestamp()
            await session.execute(delete(MailedTokenRow).where(over))
