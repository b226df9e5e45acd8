"""The end of everything that opens an account, in the transaction of the proof or password that ends it."""

from datetime import datetime, timedelta

from sqlalchemy import case, delete, func, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.auth.accounts.accounts import AccountState
from services.auth.accounts.store import password_columns
from services.auth.models import AccessTokenRow, AccountRow, DeviceRow, MailedTokenRow, SessionRow
from services.auth.passwords.passwords import StoredPassword
from services.auth.recovery.ended_access import EndedAccess
from services.auth.sessions.sessions import EndReason

#: How long a mail waits for the counts of other services: longer than the first two tries take, and short
#: enough that an owner hears of a new password at once.
MAIL_WAITS = timedelta(seconds=15)
_IN_USE = (AccountState.ACTIVE.value, AccountState.UNVERIFIED.value)


async def end_access(
    session: AsyncSession, account: str, *, keep: str, now: datetime, reason: EndReason, tokens: bool
) -> EndedAccess:
    """End an account's sessions but `keep`, its devices and mailed links; with `tokens` its access tokens.

    The account's row must be locked: an earlier sign-in then has its session here, and a later one finds that
    its password is no longer the account's.
    """
    working = SessionRow.expire_time > func.clock_timestamp()
    sessions = await session.scalars(
        update(SessionRow)
        .where(SessionRow.account == account, SessionRow.end_time.is_(None), SessionRow.id != keep)
        .values(end_time=now, end_reason=reason.value)
        .returning(working)
    )
    ended = sum(sessions)
    devices = await session.scalars(
        delete(DeviceRow).where(DeviceRow.account == account).returning(DeviceRow.id)
    )
    forgotten = len(devices.all())
    await session.execute(delete(MailedTokenRow).where(MailedTokenRow.account == account))
    deleted = 0
    if tokens:
        gone = await session.scalars(
            delete(AccessTokenRow)
            .where(AccessTokenRow.account == account)
            .returning(AccessTokenRow.expire_time > func.clock_timestamp())
        )
        deleted = sum(gone)
    return EndedAccess(sessions=ended, devices=forgotten, access_tokens=deleted)


async def prove_address(
    session: AsyncSession, account: str, *, password: StoredPassword | None
) -> int | None:
    """Note that the account's address is proved, and set its password; return the new generation.

    None for an account that is closed. An unverified account becomes active: its owner has read the mail.
    """
    statement = (
        update(AccountRow)
        .where(AccountRow.id == account, AccountRow.state.in_(_IN_USE))
        .values(
            ({} if password is None else password_columns(password))
            | {
                "password_generation": AccountRow.password_generation + 1,
                "email_proof_time": func.coalesce(AccountRow.email_proof_time, func.clock_timestamp()),
                "state": case(
                    (AccountRow.state == AccountState.UNVERIFIED.value, AccountState.ACTIVE.value),
                    else_=AccountRow.state,
                ),
            }
        )
        .returning(AccountRow.password_generation)
    )
    return (await session.execute(statement)).scalar_one_or_none()
