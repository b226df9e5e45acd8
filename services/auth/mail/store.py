"""The outbox in Postgres: a mail is put there in the transaction of the event that it reports."""

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, insert, literal, select
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

#: This many mails to one address go at once; each further one waits this much longer. More spacing delays a
#: person who changes several things in a row; less lets one person fill the line in front of everybody's
#: mails.
AT_ONCE = 3
_SPACING = timedelta(seconds=5)
_MOST_COUNTED = 1000


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
            next_try_time=func.clock_timestamp() + after + _beside(mail.recipient),
            tries=0,
        )
    )
    return id_


def _beside(recipient: str) -> ColumnElement[timedelta]:
    """Return how much later a mail is due because others to the same address wait already.

    Mails are sent in the order in which they are due, so a person who causes many delays no one else's.
    """
    waiting = select(literal(1)).where(MailRow.recipient == recipient).limit(_MOST_COUNTED).subquery()
    beside = select(func.count()).select_from(waiting).scalar_subquery()
    return _SPACING * func.greatest(beside - AT_ONCE + 1, 0)


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
