"""Archives in Postgres, where fences are decided."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.common.database import Transactions, transaction
from services.files.exports.exports import DataExportStale, StoredExport
from services.files.models import DataExportRow
from services.files.objects.store import doom
from services.files.objects.stored_object import StoredObject


class ExportStore:
    """Keeps one archive for each account and export."""

    def __init__(self, transactions: Transactions, *, now: Callable[[], datetime]) -> None:
        self._transactions = transactions
        self._now = now

    async def get(self, account: str, name: str, *, since: datetime) -> StoredExport | None:
        async with transaction(self._transactions) as session:
            row = await session.get(DataExportRow, (account, name))
        if row is None or row.create_time <= since:
            return None
        stored = StoredObject(row.object_key, row.wrapped_key, row.size_bytes, row.sha256)
        return StoredExport(row.account, row.name, row.fence, row.create_time, stored)

    async def put(self, export: StoredExport) -> str | None:
        values = {
            "account": export.account,
            "name": export.name,
            "fence": export.fence,
            "create_time": export.create_time,
            "object_key": export.object.key,
            "wrapped_key": export.object.wrapped_key,
            "size_bytes": export.object.size,
            "sha256": export.object.sha256,
        }
        async with transaction(self._transactions) as session:
            added = await session.execute(
                insert(DataExportRow).values(values).on_conflict_do_nothing().returning(DataExportRow.name)
            )
            if added.scalar_one_or_none() is not None:
                return None
            place = {"account": export.account, "name": export.name}
            there = await session.scalar(select(DataExportRow).filter_by(**place).with_for_update())
            if there is None or there.fence >= export.fence:
                raise DataExportStale
            replaced = there.object_key
            for name, value in values.items():
                setattr(there, name, value)
            await doom(session, replaced, self._now())
            return replaced
