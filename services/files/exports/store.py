"""Archives in Postgres, where the fence decides between two writers."""

from collections.abc import Callable
from datetime import datetime

from services.common.database import Transactions, transaction
from services.files.exports.exports import DataExportStale, StoredExport
from services.files.models import DataExportRow
from services.files.objects.store import object_columns, object_of, put_newest


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
        return StoredExport(row.account, row.name, row.fence, row.create_time, object_of(row))

    async def put(self, export: StoredExport) -> str | None:
        values = {
            "account": export.account,
            "name": export.name,
            "fence": export.fence,
            "create_time": export.create_time,
            **object_columns(export.object),
        }
        async with transaction(self._transactions) as session:
            return await put_newest(
                session,
                DataExportRow,
                values,
                replaces=lambda fence: fence < export.fence,
                stale=DataExportStale,
                now=self._now(),
            )
