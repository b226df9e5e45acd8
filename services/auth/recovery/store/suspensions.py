"""Suspensions in Postgres: written down with what they follow from, claimed, finished."""

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.expression import cast

from services.auth.due.store import DueColumns
from services.auth.due.work import Claim
from services.auth.models import MailRow, SuspensionRow
from services.auth.recovery.suspension import OWN_SECONDS
from services.common.database import Transactions, transaction
from services.common.suspension import Suspended

SUSPENSIONS_DUE = DueColumns(
    key=SuspensionRow.account,
    due=SuspensionRow.next_time,
    fence=SuspensionRow.fence,
    tries=SuspensionRow.tries,
)


async def begin_suspension(session: AsyncSession, account: str, generation: int, *, mail: str) -> Claim:
    """Write a suspension down in the caller's transaction, which claims it for `OWN_SECONDS`.

    It replaces an earlier one that is not done yet: the newer generation covers both.
    """
    own = func.clock_timestamp() + timedelta(seconds=OWN_SECONDS)
    values = {"generation": generation, "mail": mail, "tries": 1, "next_time": own}
    statement = (
        insert(SuspensionRow)
        .values(account=account, fence=1, **values)
        .on_conflict_do_update(
            index_elements=[SuspensionRow.account], set_=values | {"fence": SuspensionRow.fence + 1}
        )
        .returning(SuspensionRow.account, SuspensionRow.fence, SuspensionRow.tries)
    )
    return Claim(*(await session.execute(statement)).one())


class SuspensionStore:
    """Stores suspensions until they are done."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def generation(self, claim: Claim) -> int | None:
        wanted = select(SuspensionRow.generation).where(_held(claim))
        async with transaction(self._transactions) as session:
            return (await session.execute(wanted)).scalar_one_or_none()

    async def finish(self, claim: Claim, suspended: Suspended) -> None:
        done = delete(SuspensionRow).where(_held(claim)).returning(SuspensionRow.mail)
        async with transaction(self._transactions) as session:
            mail = (await session.execute(done)).scalar_one_or_none()
            if not mail:
                return
            # A mail that is being sent already goes without the counts.
            counts = cast(dict(suspended.facts()), JSONB)
            await session.execute(
                update(MailRow)
                .where(MailRow.id == mail, MailRow.tries == 0)
                .values(facts=MailRow.facts.op("||")(counts), next_try_time=func.clock_timestamp())
            )


def _held(claim: Claim) -> ColumnElement[bool]:
    return (SuspensionRow.account == claim.id) & (SuspensionRow.fence == claim.fence)
