"""Claims on pieces of work, in columns that every table of such work has: fence, tries, next_time."""

from sqlalchemy import TextClause, text

from services.auth.privacy.saga import Claim
from services.common.database import Transactions, transaction


class SagaStore:
    """Hands out what is due in one table; `next_time` is NULL in a row whose work is done."""

    def __init__(self, transactions: Transactions, table: str, key: str) -> None:
        self._transactions = transactions
        self._claim = _claim(table, key)
        self._hold = _hold(table, key)

    async def claim(self, seconds: float) -> Claim | None:
        async with transaction(self._transactions) as session:
            row = (await session.execute(self._claim, {"seconds": seconds})).one_or_none()
        return None if row is None else Claim(*row)

    async def hold(self, claim: Claim, seconds: float) -> bool:
        about = {"id": claim.id, "fence": claim.fence, "seconds": seconds}
        async with transaction(self._transactions) as session:
            return (await session.execute(self._hold, about)).one_or_none() is not None


def _claim(table: str, key: str) -> TextClause:
    return text(
        f"UPDATE {table} SET fence = fence + 1, tries = tries + 1,"  # noqa: S608  names of our own tables
        " next_time = clock_timestamp() + make_interval(secs => :seconds)"
        f" WHERE {key} = (SELECT {key} FROM {table} WHERE next_time <= clock_timestamp()"
        " ORDER BY next_time LIMIT 1 FOR UPDATE SKIP LOCKED)"
        f" RETURNING {key}, fence, tries"
    )


def _hold(table: str, key: str) -> TextClause:
    return text(
        f"UPDATE {table} SET next_time = clock_timestamp() + make_interval(secs => :seconds)"  # noqa: S608
        f" WHERE {key} = :id AND fence = :fence AND next_time IS NOT NULL RETURNING {key}"
    )
