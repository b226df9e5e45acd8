"""Retention periods of files in Postgres, and the removal of files whose period is over."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from services.common.database import Transactions, transaction
from services.files.models import FileRow, RetentionRow
from services.files.objects.store import AT_ONCE, remove_files

_BATCH = 200
# LEAST ignores NULL, so a period that is not set does not count.
_EXPIRED = text(
    "file.create_time < :now - make_interval("
    "days => least(nullif(:installation_days, 0), file_retention.days))"
)


class RetentionStore:
    """Keeps each account's period; the shorter of it and the installation's applies to a file."""

    def __init__(
        self,
        transactions: Transactions,
        *,
        installation_days: int,
        now: Callable[[], datetime],
        keep: timedelta = AT_ONCE,
    ) -> None:
        """Objects of removed files are kept for `keep`."""
        self._transactions = transactions
        self._keep = keep
        self.installation_days = installation_days
        self._now = now

    async def days(self, account: str) -> int:
        """Return the account's own period in days, 0 when it has none."""
        async with transaction(self._transactions) as session:
            row = await session.get(RetentionRow, account)
        return row.days if row is not None else 0

    async def set_days(self, account: str, days: int) -> None:
        """Set the account's own period in days; 0 removes it."""
        statement = insert(RetentionRow).values(account=account, days=days)
        async with transaction(self._transactions) as session:
            if days:
                await session.execute(
                    statement.on_conflict_do_update(index_elements=["account"], set_={"days": days})
                )
            else:
                await session.execute(delete(RetentionRow).where(RetentionRow.account == account))

    async def expire_files(self) -> int:
        """Remove some expired files, and mark their objects for deletion; return how many objects."""
        now = self._now()
        expired = (
            select(FileRow.id)
            .outerjoin(RetentionRow, RetentionRow.account == FileRow.account)
            .where(_EXPIRED.bindparams(now=now, installation_days=self.installation_days))
            .order_by(FileRow.create_time)
            .limit(_BATCH)
        )
        async with transaction(self._transactions) as session:
            return len(await remove_files(session, expired, now, skip_locked=True, keep=self._keep))
