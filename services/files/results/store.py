"""Result files in Postgres, where fences are decided."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from services.common.database import Transactions, transaction
from services.files.errors import ResultStale
from services.files.models import ResultRow
from services.files.objects.store import doom
from services.files.objects.stored_object import StoredObject
from services.files.results.results import StoredResult


class ResultStore:
    """Keeps one result for each account, job and variant."""

    def __init__(self, transactions: Transactions, *, now: Callable[[], datetime]) -> None:
        self._transactions = transactions
        self._now = now

    async def get(self, account: str, job: str, variant: str) -> StoredResult | None:
        async with transaction(self._transactions) as session:
            row = await session.get(ResultRow, (account, job, variant))
        return _result(row) if row is not None else None

    async def put(self, result: StoredResult) -> str | None:
        values = _values(result)
        place = {name: values[name] for name in ("account", "job", "variant")}
        async with transaction(self._transactions) as session:
            added = await session.execute(
                insert(ResultRow).values(values).on_conflict_do_nothing().returning(ResultRow.object_key)
            )
            if added.scalar_one_or_none() is not None:
                return None
            # The row is there, and stays as it is until this transaction ends.
            there = await session.scalar(select(ResultRow).filter_by(**place).with_for_update())
            if there is None or there.fence > result.fence:
                raise ResultStale
            replaced = there.object_key
            for name, value in values.items():
                setattr(there, name, value)
            await doom(session, replaced, self._now())
            return replaced

    async def remove(self, account: str, job: str) -> list[str]:
        removing = (
            delete(ResultRow)
            .where(ResultRow.account == account, ResultRow.job == job)
            .returning(ResultRow.object_key)
        )
        async with transaction(self._transactions) as session:
            removed = list(await session.scalars(removing))
            for object_key in removed:
                await doom(session, object_key, self._now())
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
        "object_key": result.object.key,
        "wrapped_key": result.object.wrapped_key,
        "size_bytes": result.object.size,
        "sha256": result.object.sha256,
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
        object=StoredObject(row.object_key, row.wrapped_key, row.size_bytes, row.sha256),
    )
