"""Digests of mailed tokens in Postgres: for each account and purpose, only the newest."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Select, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.auth.accounts.accounts import AccountState
from services.auth.mail.letters import Mail, MailKind
from services.auth.mail.mailed_tokens import LIFE, Purpose
from services.auth.mail.store import queue_mail
from services.auth.models import AccountRow, MailedTokenRow
from services.auth.opaque_tokens import NewToken
from services.auth.passwords.passwords import NOBODY
from services.auth.recovery.ended_access import EndedAccess, Secured
from services.auth.recovery.sign_in_links import UsedLink
from services.auth.recovery.store.ended_access import MAIL_WAITS, end_access, prove_address
from services.auth.recovery.store.suspensions import begin_suspension
from services.auth.sessions.sessions import EndReason
from services.common.database import Transactions, transaction

#: The states in which an account can get a token. Setting a password by mail also verifies the address.
_STATES = {
    Purpose.PASSWORD_RESET: (AccountState.ACTIVE, AccountState.UNVERIFIED),
    Purpose.SIGN_IN: (AccountState.ACTIVE,),
    Purpose.VERIFY_EMAIL: (AccountState.UNVERIFIED,),
}


def owner_of(digest: bytes, purpose: Purpose) -> Select[AccountRow]:
    """Select the account that a token which works belongs to."""
    return (
        select(AccountRow)
        .join(MailedTokenRow, MailedTokenRow.account == AccountRow.id)
        .where(
            MailedTokenRow.digest == digest,
            MailedTokenRow.purpose == purpose.value,
            MailedTokenRow.expire_time > func.clock_timestamp(),
        )
    )


async def use_token(session: AsyncSession, digest: bytes, purpose: Purpose) -> AccountRow | None:
    """Use a token up and return its account, locked. Of two simultaneous uses, the second finds nothing."""
    # The account is locked first, in the same order as by everything that ends an account's tokens.
    await session.execute(owner_of(digest, purpose).with_for_update(of=AccountRow))
    statement = (
        delete(MailedTokenRow)
        .where(
            MailedTokenRow.digest == digest,
            MailedTokenRow.purpose == purpose.value,
            MailedTokenRow.expire_time > func.clock_timestamp(),
        )
        .returning(MailedTokenRow.account)
    )
    account = (await session.execute(statement)).scalar_one_or_none()
    if account is None:
        return None
    # Read again: another proof may have held the lock until now.
    return await session.get_one(AccountRow, account, populate_existing=True)


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

    async def use_sign_in(self, digest: bytes, *, now: datetime) -> UsedLink | None:
        async with transaction(self._transactions) as session:
            found = await use_token(session, digest, Purpose.SIGN_IN)
            if found is None:
                return None
            account, email, generation = found.id, found.email, found.password_generation
            if found.email_proof_time is not None:
                return UsedLink(account, generation)
            # A stranger may have set the password, and could come back with it.
            proved = await prove_address(session, account, password=NOBODY)
            if proved is None:
                return None
            ended = await end_access(
                session, account, keep="", now=now, reason=EndReason.ADDRESS_PROVED, tokens=True
            )
            ended = replace(ended, password=True)
            mail = Mail(MailKind.ACCESS_ENDED, email, ended.facts())
            told = await queue_mail(session, mail, after=MAIL_WAITS)
            claim = await begin_suspension(session, account, proved, mail=told)
            return UsedLink(account, proved, Secured(ended, claim))

    async def verify_email(self, digest: bytes, *, now: datetime) -> EndedAccess | None:
        async with transaction(self._transactions) as session:
            found = await use_token(session, digest, Purpose.VERIFY_EMAIL)
            if found is None or found.state != AccountState.UNVERIFIED.value:
                return None
            await prove_address(session, found.id, password=None)
            # Nobody was let in before, so nothing was left behind elsewhere.
            return await end_access(
                session, found.id, keep="", now=now, reason=EndReason.ADDRESS_PROVED, tokens=True
            )

    async def sweep(self) -> None:
        """Remove expired tokens."""
        async with transaction(self._transactions) as session:
            over = MailedTokenRow.expire_time <= func.clock_timestamp()
            await session.execute(delete(MailedTokenRow).where(over))
