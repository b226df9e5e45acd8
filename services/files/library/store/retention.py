"""Retention periods of files in Postgres, and the removal of files whose period is over."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert

from services.common.database import Transactions, transaction
from services.files.models import RetentionRow
from services.files.objects.store import mark_for_deletion

_BATCH = 200
# LEAST ignores NULL, so a period that is not set does not count.
_EXPIRED = text("""
    DELETE FROM file WHERE id IN (
        SELECT file.id FROM file LEFT JOIN file_retention ON file_retention.account = file.account
        WHERE file.create_time
            < :now - make_interval(days => least(nullif(:installation_days, 0), file_retention.days))
        ORDER BY file.create_time LIMIT :count FOR UPDATE OF file SKIP LOCKED
    ) RETURNING object_key
""")


class RetentionStore:
    """Keeps each account's period; the shorter of it and the installation's applies to a file."""

    def __init__(
        self, transactions: Transactions, *, installation_days: int, now: Callable[[], datetime]
    ) -> None:
        self._transactions = transactions
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
        """Remove some expired files, and mark their objects for deletion; return how many."""
        now = self._now()
        values = {"now": now, "installation_days": self.installation_days, "count": _BATCH}
        async with transaction(self._transactions) as session:
            removed = list(await session.scalars(_EXPIRED, values))
            await mark_for_deletion(session, removed, now)
        return len(removed)
