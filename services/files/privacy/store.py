"""An account's rows that name objects, in all tables."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import delete, select

from services.common.database import Transactions, transaction
from services.files.models import DataExportRow, FileRow, RefusedUploadRow, ResultRow
from services.files.objects.store import mark_for_deletion, remove_files


class AccountObjectStore:
    """Finds and removes what an account has in the bucket."""

    def __init__(self, transactions: Transactions, *, now: Callable[[], datetime]) -> None:
        self._transactions = transactions
        self._now = now

    async def results(self, account: str) -> Sequence[tuple[str, str]]:
        """Return job and variant of every result file, except those that were made only for a download."""
        wanted = select(ResultRow.job, ResultRow.variant).where(
            ResultRow.account == account, ~ResultRow.temporary
        )
        async with transaction(self._transactions) as session:
            return [(job, variant) for job, variant in await session.execute(wanted)]

    async def remove_some(self, account: str, count: int) -> list[str]:
        """Remove some rows that name objects; return the objects, which are marked for deletion."""
        removed: list[str] = []
        async with transaction(self._transactions) as session:
            some_files = select(FileRow.id).where(FileRow.account == account).limit(count)
            files = await remove_files(session, some_files, self._now())
            for row in (RefusedUploadRow, ResultRow, DataExportRow):
                some = select(row.object_key).where(row.account == account).limit(count)
                removing = delete(row).where(row.object_key.in_(some)).returning(row.object_key)
                removed += await session.scalars(removing)
            await mark_for_deletion(session, removed, self._now())
        return files + removed
