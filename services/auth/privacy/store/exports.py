"""Exports in Postgres: what their owners see, and the claims of the processes that create them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update

from services.auth.accounts.store import lock_active_account
from services.auth.due.store import DueColumns
from services.auth.due.work import Claim
from services.auth.models import DataExportRow, newest_of
from services.auth.privacy.exports import Archive, DataExport, State
from services.common.database import Transactions, transaction
from services.common.paging import Position

EXPORTS_DUE = DueColumns(
    key=DataExportRow.id, due=DataExportRow.next_time, fence=DataExportRow.fence, tries=DataExportRow.tries
)
_UNDER_WAY = (State.PENDING.value, State.RUNNING.value)


class DataExportStore:
    """Stores exports."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def begin(self, export: DataExport, *, most: int, since: datetime) -> DataExport | None:
        row = DataExportRow
        async with transaction(self._transactions) as session:
            # The lock makes the second of two simultaneous requests find the first one's export.
            await lock_active_account(session, export.account)
            mine = row.account == export.account
            there = await session.scalar(select(row).where(mine, row.state.in_(_UNDER_WAY)).limit(1))
            if there is not None:
                return _export(there)
            begun = select(func.count()).select_from(row).where(mine, row.create_time > since)
            if (await session.execute(begun)).scalar_one() >= most:
                return None
            await session.execute(
                insert(row).values(
                    id=export.id,
                    account=export.account,
                    state=export.state.value,
                    create_time=export.create_time,
                    fence=0,
                    tries=0,
                    next_time=func.clock_timestamp(),
                )
            )
            return export

    async def page(self, account: str, after: Position | None, count: int) -> Sequence[DataExport]:
        wanted = newest_of(DataExportRow, account, after, count)
        async with transaction(self._transactions) as session:
            return [_export(row) for row in await session.scalars(wanted)]

    async def get(self, account: str, id_: str) -> DataExport | None:
        async with transaction(self._transactions) as session:
            row = await session.get(DataExportRow, id_)
        return _export(row) if row is not None and row.account == account else None

    async def start(self, claim: Claim) -> str | None:
        statement = (
            update(DataExportRow)
            .where(DataExportRow.id == claim.id, DataExportRow.fence == claim.fence)
            .values(state=State.RUNNING.value)
            .returning(DataExportRow.account)
        )
        async with transaction(self._transactions) as session:
            account: str | None = await session.scalar(statement)
        return account

    async def finish(self, claim: Claim, archive: Archive | None, *, now: datetime) -> None:
        ended = State.FAILED if archive is None else State.COMPLETED
        statement = (
            update(DataExportRow)
            .where(DataExportRow.id == claim.id, DataExportRow.fence == claim.fence)
            .values(
                state=ended.value,
                end_time=now,
                size_bytes=None if archive is None else archive.size_bytes,
                sha256=None if archive is None else archive.sha256,
                next_time=None,
            )
        )
        async with transaction(self._transactions) as session:
            await session.execute(statement)

    async def sweep(self, before: datetime) -> None:
        """Remove exports that were requested before a moment; their archives are long gone."""
        over = delete(DataExportRow).where(DataExportRow.create_time < before)
        async with transaction(self._transactions) as session:
            await session.execute(over.where(DataExportRow.state.not_in(_UNDER_WAY)))


def _export(row: DataExportRow) -> DataExport:
    archive = None if row.sha256 is None else Archive(row.size_bytes or 0, row.sha256)
    return DataExport(row.id, row.account, State(row.state), row.create_time, row.end_time, archive)
