"""What the sweep asks of Postgres, and the lock by which one replica at a time sweeps."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.sql.dml import ReturningDelete

from services.common.database import Transactions, database_errors, transaction
from services.files.models import (
    DataExportRow,
    DoomedObjectRow,
    FileRow,
    OrphanHoldRow,
    ParseRow,
    RefusedUploadRow,
    ResultRow,
)
from services.files.objects.store import mark_for_deletion
from services.files.sweep.lost import Holder, Named

_LOCK = 7_205_301
_PAGE = 1000
_PLACE = (ResultRow.account, ResultRow.job, ResultRow.variant)
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
        """Return keys of objects that are marked for deletion and no longer kept, the oldest first."""
        statement = (
            select(DoomedObjectRow.object_key)
            .where(DoomedObjectRow.discard_after <= func.now())
            .order_by(DoomedObjectRow.discard_after)
            .limit(count)
        )
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

    async def holds_orphans(self) -> bool:
        """Tell whether objects without rows are kept, because rows are of an earlier moment than objects."""
        async with transaction(self._transactions) as session:
            return await session.scalar(select(OrphanHoldRow.single)) is not None

    async def mark_orphans(self, object_keys: Sequence[str], keep: timedelta) -> None:
        """Mark objects that no row names for deletion, `keep` from now."""
        async with transaction(self._transactions) as session:
            await mark_for_deletion(session, object_keys, self._now(), keep=keep)

    async def unnamed(self, keys: Sequence[str]) -> list[str]:
        """Return those of the keys that no row names."""
        async with transaction(self._transactions) as session:
            named: set[str] = set()
            for column in _NAMES:
                named.update(await session.scalars(select(column).where(column.in_(keys))))
        return [key for key in keys if key not in named]


class LostStore:
    """Finds what names objects, page by page, and marks what is lost."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def now(self) -> datetime:
        async with transaction(self._transactions) as session:
            return (await session.execute(select(func.now()))).scalar_one()

    async def named(self, holder: Holder, before: datetime) -> AsyncIterator[Sequence[Named]]:
        after: tuple[str, ...] = ()
        while page := await self._page(holder, before, after):
            yield page
            after = page[-1].key

    async def _page(self, holder: Holder, before: datetime, after: tuple[str, ...]) -> Sequence[Named]:
        async with transaction(self._transactions) as session:
            if holder is Holder.FILES:
                tables = (
                    select(func.array_agg(ParseRow.table_key))
                    .where(ParseRow.file == FileRow.id, ParseRow.table_key.is_not(None))
                    .scalar_subquery()
                )
                files = (
                    select(FileRow.id, FileRow.account, FileRow.object_key, tables, FileRow.lost_time)
                    .where(FileRow.create_time < before, FileRow.id > (after[0] if after else ""))
                    .order_by(FileRow.id)
                    .limit(_PAGE)
                )
                return [
                    Named(f"files/{id_}", account, (id_,), (key, *(more or ())), lost is not None)
                    for id_, account, key, more, lost in await session.execute(files)
                ]
            place = tuple_(ResultRow.account, ResultRow.job, ResultRow.variant)
            results = (
                select(*_PLACE, ResultRow.object_key, ResultRow.lost_time)
                .where(ResultRow.create_time < before, ~ResultRow.temporary)
                .where(place > (after or ("", "", "")))
                .order_by(*_PLACE)
                .limit(_PAGE)
            )
            return [
                Named(f"{job}/{variant}", account, (account, job, variant), (key,), lost is not None)
                for account, job, variant, key, lost in await session.execute(results)
            ]

    async def mark(self, holder: Holder, rows: Sequence[Named], *, lost: bool) -> None:
        if not rows:
            return
        table = FileRow if holder is Holder.FILES else ResultRow
        # By the object: a result that was replaced meanwhile is another one.
        objects = [row.objects[0] for row in rows]
        time = func.coalesce(table.lost_time, func.now()) if lost else None
        async with transaction(self._transactions) as session:
            await session.execute(update(table).where(table.object_key.in_(objects)).values(lost_time=time))
