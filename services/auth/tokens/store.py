"""Access tokens in Postgres; of a token's text, only the hash is stored."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, or_, select, update

from services.auth.accounts.store import lock_active_account
from services.auth.mail.letters import Mail, MailKind
from services.auth.mail.store import queue_mail
from services.auth.models import AccessTokenRow, newest_of
from services.auth.sessions.sessions import USE_NOTED_EVERY
from services.auth.tokens.access_tokens import AccessToken
from services.common.database import Transactions, transaction
from services.common.paging import Position


class AccessTokenStore:
    """Stores access tokens."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def add(self, token: AccessToken, digest: bytes, *, most: int) -> bool:
        async with transaction(self._transactions) as session:
            # The lock makes simultaneous requests count one after the other.
            address = await lock_active_account(session, token.account)
            count = select(func.count()).where(AccessTokenRow.account == token.account)
            if (await session.execute(count)).scalar_one() >= most:
                return False
            await session.execute(
                insert(AccessTokenRow).values(
                    id=token.id,
                    account=token.account,
                    digest=digest,
                    display_name=token.display_name,
                    scopes=list(token.scopes),
                    create_time=token.create_time,
                    expire_time=token.expire_time,
                )
            )
            about = {"name": token.display_name}
            await queue_mail(session, Mail(MailKind.ACCESS_TOKEN_CREATED, address, about))
            return True

    async def page(self, account: str, after: Position | None, count: int) -> Sequence[AccessToken]:
        wanted = newest_of(AccessTokenRow, account, after, count)
        async with transaction(self._transactions) as session:
            return [_token(row) for row in await session.scalars(wanted)]

    async def get(self, account: str, id_: str) -> AccessToken | None:
        async with transaction(self._transactions) as session:
            row = await session.get(AccessTokenRow, id_)
        return _token(row) if row is not None and row.account == account else None

    async def remove(self, account: str, id_: str) -> bool:
        statement = (
            delete(AccessTokenRow)
            .where(AccessTokenRow.id == id_, AccessTokenRow.account == account)
            .returning(AccessTokenRow.id)
        )
        async with transaction(self._transactions) as session:
            return (await session.execute(statement)).scalar_one_or_none() is not None

    async def note_use(self, token: str, /, *, now: datetime) -> None:
        """Write the time of use, unless a recent one is stored."""
        used = AccessTokenRow.last_used_time
        statement = (
            update(AccessTokenRow)
            .where(AccessTokenRow.id == token, or_(used.is_(None), used <= now - USE_NOTED_EVERY))
            .values(last_used_time=now)
        )
        async with transaction(self._transactions) as session:
            await session.execute(statement)


def _token(row: AccessTokenRow) -> AccessToken:
    return AccessToken(
        id=row.id,
        account=row.account,
        display_name=row.display_name,
        scopes=tuple(row.scopes),
        create_time=row.create_time,
        expire_time=row.expire_time,
        last_used_time=row.last_used_time,
    )
