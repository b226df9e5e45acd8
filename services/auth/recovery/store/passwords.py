"""New passwords in Postgres, with everything that ends in the same transaction."""

from datetime import datetime

from sqlalchemy import ColumnElement, Select, case, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.auth.accounts.accounts import Account, AccountState, Credentials
from services.auth.accounts.store import password_columns
from services.auth.events.actions import RESET_PASSWORD
from services.auth.events.store import note_event
from services.auth.mail.letters import Mail, MailKind
from services.auth.mail.mailed_tokens import Purpose
from services.auth.mail.store import queue_mail
from services.auth.models import AccountRow, DeviceRow, MailedTokenRow, SessionRow
from services.auth.passwords.passwords import StoredPassword
from services.auth.recovery.store.mailed_tokens import use_token
from services.auth.sessions.sessions import EndReason
from services.common.database import Transactions, transaction

_CHANGED, _RESET = "changed", "set with a link that was sent to you"


class PasswordStore:
    """Stores passwords."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def change(self, known: Credentials, new: StoredPassword, *, keep: str, now: datetime) -> bool:
        async with transaction(self._transactions) as session:
            still = AccountRow.password_generation == known.generation
            email = await _replaced(session, AccountRow.id == known.account.id, new, and_=still)
            if email is None:
                return False
            await _end_all(session, known.account.id, keep=keep, now=now, reason=EndReason.PASSWORD_CHANGE)
            await queue_mail(session, Mail(MailKind.PASSWORD_CHANGED, email, {"how": _CHANGED}))
            return True

    async def owner(self, digest: bytes) -> Account | None:
        async with transaction(self._transactions) as session:
            row = await session.scalar(_owner(digest))
        return Account(row.id, row.email, AccountState(row.state), row.create_time) if row else None

    async def reset(self, digest: bytes, new: StoredPassword, *, now: datetime) -> bool:
        async with transaction(self._transactions) as session:
            # The account's row is locked first, in the same order as by everything that sets a password.
            await session.execute(_owner(digest).with_for_update(of=AccountRow))
            account = await use_token(session, digest, Purpose.PASSWORD_RESET)
            if account is None:
                return False
            email = await _replaced(session, AccountRow.id == account, new)
            if email is None:
                return False
            await _end_all(session, account, keep="", now=now, reason=EndReason.PASSWORD_RESET)
            await queue_mail(session, Mail(MailKind.PASSWORD_CHANGED, email, {"how": _RESET}))
            await note_event(session, account, RESET_PASSWORD, now=now)
            return True


def _owner(digest: bytes) -> Select[AccountRow]:
    return (
        select(AccountRow)
        .join(MailedTokenRow, MailedTokenRow.account == AccountRow.id)
        .where(
            MailedTokenRow.digest == digest,
            MailedTokenRow.purpose == Purpose.PASSWORD_RESET.value,
            MailedTokenRow.expire_time > func.clock_timestamp(),
        )
    )


async def _replaced(
    session: AsyncSession,
    which: ColumnElement[bool],
    new: StoredPassword,
    *,
    and_: ColumnElement[bool] | None = None,
) -> str | None:
    """Set the password of an active or unverified account; return its e-mail address, None without one.

    An unverified account becomes active: its owner has read the mail with the link.
    """
    in_use = AccountRow.state.in_([AccountState.ACTIVE.value, AccountState.UNVERIFIED.value])
    statement = (
        update(AccountRow)
        .where(which, in_use, *([] if and_ is None else [and_]))
        .values(
            password_columns(new)
            | {
                "password_generation": AccountRow.password_generation + 1,
                "state": case(
                    (AccountRow.state == AccountState.UNVERIFIED.value, AccountState.ACTIVE.value),
                    else_=AccountRow.state,
                ),
            }
        )
        .returning(AccountRow.email)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def _end_all(
    session: AsyncSession, account: str, *, keep: str, now: datetime, reason: EndReason
) -> None:
    # The account's row is locked already: an earlier sign-in has its session here, and a later one finds that
    # its password is no longer the account's.
    await session.execute(
        update(SessionRow)
        .where(SessionRow.account == account, SessionRow.end_time.is_(None), SessionRow.id != keep)
        .values(end_time=now, end_reason=reason.value)
    )
    await session.execute(delete(DeviceRow).where(DeviceRow.account == account))
    await session.execute(delete(MailedTokenRow).where(MailedTokenRow.account == account))
