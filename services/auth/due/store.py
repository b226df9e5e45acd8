"""Claims in Postgres, in the columns of whatever table the work waits in."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, true, update
from sqlalchemy.orm import InstrumentedAttribute

from services.auth.due.work import Claim
from services.common.database import Transactions, transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class DueColumns:
    """The columns of one table that hold its claims."""

    key: InstrumentedAttribute[str]
    #: When the work is due. A table whose rows outlive their work has NULL there once nothing is left to do.
    due: InstrumentedAttribute[Any]
    #: Only ever rises. Where tries are never reset, they serve as the fence, too.
    fence: InstrumentedAttribute[int]
    tries: InstrumentedAttribute[int]
    #: The rows that this version can work on; others wait for a replica that knows them.
    known: ColumnElement[bool] = true()  # noqa: RUF009 -- a constant


class DueStore:
    """Hands out what is due in one table, by the database's clock, to one claimer at a time."""

    def __init__(self, transactions: Transactions, columns: DueColumns) -> None:
        self._transactions = transactions
        self._columns = columns

    async def claim(self, seconds: float) -> Claim | None:
        of = self._columns
        due = (
            select(of.key)
            .where(of.due <= func.clock_timestamp(), of.known)
            .order_by(of.due)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        statement = (
            update(of.key.class_)
            .where(of.key == due)
            .values({of.fence: of.fence + 1, of.tries: of.tries + 1, of.due: _from_now(seconds)})
            .returning(of.key, of.fence, of.tries)
        )
        async with transaction(self._transactions) as session:
            row = (await session.execute(statement)).one_or_none()
        return None if row is None else Claim(*row)

    async def hold(self, claim: Claim, seconds: float) -> bool:
        of = self._columns
        statement = (
            update(of.key.class_)
            .where(of.key == claim.id, of.fence == claim.fence, of.due.is_not(None))
            .values({of.due: _from_now(seconds)})
            .returning(of.key)
        )
        async with transaction(self._transactions) as session:
            return (await session.execute(statement)).one_or_none() is not None


def _from_now(seconds: float) -> ColumnElement[Any]:
    return func.clock_timestamp() + timedelta(seconds=seconds)
