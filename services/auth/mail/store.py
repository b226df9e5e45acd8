"""The outbox in Postgres: a mail is put there in the transaction of the event that it reports."""

from datetime import timedelta

from sqlalchemy import delete, func, insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.auth.due.store import DueColumns
from services.auth.due.work import Claim
from services.auth.mail.letters import Mail, MailKind
from services.auth.models import MailRow
from services.common.database import Transactions, transaction
from services.common.ids import new_id

#: Tries are never reset, so they also serve as the fence.
MAILS_DUE = DueColumns(
    key=MailRow.id,
    due=MailRow.next_try_time,
    fence=MailRow.tries,
    tries=MailRow.tries,
    # A kind that a later version added waits for a replica that knows it.
    known=MailRow.kind.in_([kind.value for kind in MailKind]),
)


async def queue_mail(session: AsyncSession, mail: Mail, *, after: timedelta = timedelta(0)) -> str:
    """Put a mail into the outbox and return its id; it is sent only if the caller's transaction commits."""
    id_ = new_id()
    await session.execute(
        insert(MailRow).values(
            id=id_,
            kind=mail.kind.value,
            recipient=mail.recipient,
            facts=dict(mail.facts),
            create_time=func.clock_timestamp(),
            next_try_time=func.clock_timestamp() + after,
            tries=0,
        )
    )
    return id_


class Outbox:
    """Keeps mails until they are sent or given up."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def queue(self, mail: Mail) -> None:
        """Put a mail into the outbox in a transaction of its own."""
        async with transaction(self._transactions) as session:
            await queue_mail(session, mail)

    async def get(self, claim: Claim) -> Mail | None:
        async with transaction(self._transactions) as session:
            row = await session.get(MailRow, claim.id)
        return None if row is None else Mail(MailKind(row.kind), row.recipient, row.facts)

    async def remove(self, claim: Claim) -> None:
        statement = delete(MailRow).where(MailRow.id == claim.id, MailRow.tries == claim.fence)
        async with transaction(self._transactions) as session:
            await session.execute(statement)
