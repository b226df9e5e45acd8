"""Room for one more: how many rows of a table an account may have, also when many requests come at once."""

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from services.common.errors import DomainError


async def check_room(
    session: AsyncSession,
    account_column: InstrumentedAttribute[str],
    *conditions: ColumnElement[bool],
    account: str,
    most: int,
    full: type[DomainError],
) -> None:
    """Raise `full` if the account has `most` rows with these conditions already.

    Call it in the transaction that adds the row, after an idempotency key was claimed. Until its end, others
    of the account wait here, because counting and adding must not interleave.
    """
    table = account_column.class_.__tablename__
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"{table}/{account}", 0))))
    # Rows beyond the limit are not counted: it may have been lowered since they came.
    there = select(literal(1)).where(account_column == account, *conditions).limit(most).subquery()
    if (await session.scalar(select(func.count()).select_from(there)) or 0) >= most:
        raise full
