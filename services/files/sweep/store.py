"""What the sweep asks of Postgres, and the lock by which one replica at a time sweeps."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.dml import ReturningDelete

from services.common.database import Transactions, database_errors, transaction
from services.files.models import (
    DataExportRow,
    DoomedObjectRow,
    FileRow,
    ParseRow,
    RefusedUploadRow,
    ResultRow,
)
from services.files.objects.store import mark_for_deletion

_LOCK = 7_205_301
#: The columns by which rows name objects. An object that none of them has is an orphan, and is deleted.
_NAMES = (
    FileRow.object_key,
    ParseRow.table_key,
    RefusedUploadRow.object_key,
    ResultRow.object_key,
    DataExportRow.object_key,
)


class SweepStore:
    """Knows which objects are marked for deletion, and which ones no row names."""

    def __init__(
        self, engine: AsyncEngine, transactions: Transactions, *, now: Callable[[], datetime]
    ) -> None:
        self._engine = engine
        self._transactions = transactions
        self._now = now

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        """Hold the sweep's lock inside the block; yields False when another replica has it."""
        with database_errors():
            async with self._locked() as held:
                yield held

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[bool]:
        async with self._engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
            held = await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _LOCK})
            try:
                yield bool(held)
            finally:
                if held:
                    await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _LOCK})

    async def marked(self, count: int) -> list[str]:
        """Return keys of objects that are marked for deletion, the oldest first."""
        statement = select(DoomedObjectRow.object_key).order_by(DoomedObjectRow.create_time).limit(count)
        async with transaction(self._transactions) as session:
            return list(await session.scalars(statement))

    async def forget(self, object_key: str) -> None:
        """Remove an object's mark, because the object is gone."""
        async with transaction(self._transactions) as session:
            await session.execute(delete(DoomedObjectRow).where(DoomedObjectRow.object_key == object_key))

    async def expire_temporary_results(self, before: datetime) -> int:
        """Remove temporary results made before a moment, and mark their objects; return how many."""
        statement = (
            delete(ResultRow)
            .where(ResultRow.temporary, ResultRow.create_time < before)
            .returning(ResultRow.object_key)
        )
        return await self._remove(statement)

    async def expire_refused_uploads(self, before: datetime) -> int:
        """Remove refused uploads kept since before a moment, and mark their objects; return how many."""
        statement = (
            delete(RefusedUploadRow)
            .where(RefusedUploadRow.create_time < before)
            .returning(RefusedUploadRow.object_key)
        )
        return await self._remove(statement)

    async def expire_data_exports(self, before: datetime) -> int:
        """Remove archives made before a moment, and mark their objects; return how many."""
        statement = (
            delete(DataExportRow)
            .where(DataExportRow.create_time < before)
            .returning(DataExportRow.object_key)
        )
        return await self._remove(statement)

    async def _remove(self, removing: ReturningDelete[str]) -> int:
        async with transaction(self._transactions) as session:
            removed = list(await session.scalars(removing))
            await mark_for_deletion(session, removed, self._now())
        return len(removed)

    async def unnamed(self, keys: Sequence[str]) -> list[str]:
        """Return those of the keys that no row names."""
        async with transaction(self._transactions) as session:
            named: set[str] = set()
            for column in _NAMES:
                named.update(await session.scalars(select(column).where(column.in_(keys))))
        return [key for key in keys if key not in named]
