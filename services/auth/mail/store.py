"""Mails that wait to be sent, in Postgres: put there in the transaction of what they tell about."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.auth.mail.letters import Mail, MailKind
from services.auth.models import MailRow
from services.common.database import Transactions, transaction
from services.common.ids import new_id

_KINDS = [kind.value for kind in MailKind]
#: Longer than one sending may take. Doubled after each failure: the ninth comes after four hours.
_FIRST_PAUSE = timedelta(minutes=1)


async def add(session: AsyncSession, mail: Mail) -> None:
    """Put a mail into the outbox; it is sent once the caller's transaction is committed, or never."""
    await session.execute(
        insert(MailRow).values(
            id=new_id(),
            kind=mail.kind.value,
            recipient=mail.recipient,
            facts=dict(mail.facts),
            create_time=func.clock_timestamp(),
            next_try_time=func.clock_timestamp(),
            tries=0,
        )
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A mail that was taken out to be sent; nobody else takes it for a while."""

    id: str
    mail: Mail
    tries: int


class Outbox:
    """Hands out mails one by one; one that is not removed comes back later."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def add(self, mail: Mail) -> None:
        """Put a mail into the outbox by itself."""
        async with transaction(self._transactions) as session:
            await add(session, mail)

    async def take(self) -> Waiting | None:
        """Return a mail whose time has come, counted as tried."""
        due = (
            select(MailRow.id)
            # A kind of a later version waits for a replica that knows it.
            .where(MailRow.next_try_time <= func.clock_timestamp(), MailRow.kind.in_(_KINDS))
            .order_by(MailRow.next_try_time)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        statement = (
            update(MailRow)
            .where(MailRow.id == due)
            .values(
                tries=MailRow.tries + 1,
                next_try_time=func.clock_timestamp() + _FIRST_PAUSE * func.power(2, MailRow.tries),
            )
            .returning(MailRow)
        )
        async with transaction(self._transactions) as session:
            row = (await session.execute(statement)).scalar_one_or_none()
        if row is None:
            return None
        return Waiting(row.id, Mail(MailKind(row.kind), row.recipient, row.facts), row.tries)

    async def remove(self, id_: str) -> None:
        """Forget a mail that was sent, or that never will be."""
        async with transaction(self._transactions) as session:
            await session.execute(delete(MailRow).where(MailRow.id == id_))
