"""New passwords in Postgres, with everything that ends in the same transaction."""

from datetime import datetime

from sqlalchemy import update

from services.auth.accounts.accounts import Account, AccountState, Credentials
from services.auth.accounts.store import password_columns
from services.auth.events.actions import RESET_PASSWORD
from services.auth.events.store import note_event
from services.auth.mail.letters import Mail, MailKind
from services.auth.mail.mailed_tokens import Purpose
from services.auth.mail.store import queue_mail
from services.auth.models import AccountRow
from services.auth.passwords.passwords import StoredPassword
from services.auth.recovery.ended_access import EndedAccess, Secured
from services.auth.recovery.store.ended_access import MAIL_WAITS, end_access, prove_address
from services.auth.recovery.store.mailed_tokens import owner_of, use_token
from services.auth.recovery.store.suspensions import begin_suspension
from services.auth.sessions.sessions import EndReason
from services.common.database import Transactions, transaction

_CHANGED, _RESET = "changed", "set with a link that was sent to you"


class PasswordStore:
    """Stores passwords."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def change(
        self, known: Credentials, new: StoredPassword, *, keep: str, tokens: bool, now: datetime
    ) -> EndedAccess | None:
        account = known.account.id
        statement = (
            update(AccountRow)
            .where(
                AccountRow.id == account,
                AccountRow.state == AccountState.ACTIVE.value,
                AccountRow.password_generation == known.generation,
            )
            .values(password_columns(new) | {"password_generation": AccountRow.password_generation + 1})
            .returning(AccountRow.email)
        )
        async with transaction(self._transactions) as session:
            email = (await session.execute(statement)).scalar_one_or_none()
            if email is None:
                return None
            ended = await end_access(
                session, account, keep=keep, now=now, reason=EndReason.PASSWORD_CHANGE, tokens=tokens
            )
            about = {"how": _CHANGED, "tokens": "ended" if tokens else "kept"} | dict(ended.facts())
            await queue_mail(session, Mail(MailKind.PASSWORD_CHANGED, email, about))
            return ended

    async def owner(self, digest: bytes) -> Account | None:
        async with transaction(self._transactions) as session:
            row = await session.scalar(owner_of(digest, Purpose.PASSWORD_RESET))
        return Account(row.id, row.email, AccountState(row.state), row.create_time) if row else None

    async def reset(
        self,
        digest: bytes,
        new: StoredPassword,
        *,
        now: datetime,
        client_address: str = "",
        user_agent: str = "",
    ) -> Secured | None:
        async with transaction(self._transactions) as session:
            found = await use_token(session, digest, Purpose.PASSWORD_RESET)
            if found is None:
                return None
            account, email = found.id, found.email
            generation = await prove_address(session, account, password=new)
            if generation is None:
                return None
            ended = await end_access(
                session, account, keep="", now=now, reason=EndReason.PASSWORD_RESET, tokens=True
            )
            about = {"how": _RESET} | dict(ended.facts())
            mail = await queue_mail(session, Mail(MailKind.PASSWORD_CHANGED, email, about), after=MAIL_WAITS)
            await note_event(
                session,
                account,
                RESET_PASSWORD,
                now=now,
                client_address=client_address,
                user_agent=user_agent,
            )
            return Secured(ended, await begin_suspension(session, account, generation, mail=mail))
