"""Result files in Postgres, where the fence decides between two writers."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete

from services.common.database import Transactions, transaction
from services.common.store.room import check_room
from services.files.errors import ResultLimit, ResultStale
from services.files.models import ResultRow
from services.files.objects.store import AT_ONCE, mark_for_deletion, object_columns, object_of, put_newest
from services.files.results.results import StoredResult


class ResultStore:
    """Keeps one result for each account, job and variant."""

    def __init__(
        self, transactions: Transactions, *, now: Callable[[], datetime], keep: timedelta = AT_ONCE
    ) -> None:
        """Objects of removed rows are kept for `keep`."""
        self._transactions = transactions
        self._now = now
        self._keep = keep

    async def get(self, account: str, job: str, variant: str) -> StoredResult | None:
        async with transaction(self._transactions) as session:
            row = await session.get(ResultRow, (account, job, variant))
        return _result(row) if row is not None else None

    async def check_room(self, account: str, most: int) -> None:
        async with transaction(self._transactions) as session:
            await check_room(
                session,
                ResultRow.account,
                ResultRow.temporary.is_(True),
                account=account,
                most=most,
                full=ResultLimit,
            )

    async def put(self, result: StoredResult) -> str | None:
        async with transaction(self._transactions) as session:
            return await put_newest(
                session,
                ResultRow,
                _values(result),
                # A writer may repeat its own write.
                replaces=lambda fence: fence <= result.fence,
                stale=ResultStale,
                now=self._now(),
                keep=self._keep,
            )

    async def remove(self, account: str, job: str) -> list[str]:
        removing = (
            delete(ResultRow)
            .where(ResultRow.account == account, ResultRow.job == job)
            .returning(ResultRow.object_key)
        )
        async with transaction(self._transactions) as session:
            removed = list(await session.scalars(removing))
            await mark_for_deletion(session, removed, self._now(), keep=self._keep)
        return removed


def _values(result: StoredResult) -> dict[str, object]:
    return {
        "account": result.account,
        "job": result.job,
        "variant": result.variant,
        "fence": result.fence,
        "temporary": result.temporary,
        "row_count": result.row_count,
        "create_time": result.create_time,
        **object_columns(result.object),
    }


def _result(row: ResultRow) -> StoredResult:
    return StoredResult(
        account=row.account,
        job=row.job,
        variant=row.variant,
        fence=row.fence,
        temporary=row.temporary,
        row_count=row.row_count,
        create_time=row.create_time,
        object=object_of(row),
    )
