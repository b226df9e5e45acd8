"""Refused uploads in Postgres."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.common.database import Transactions, transaction
from services.files.library.stored_file import NO_PARSE, StoredFile
from services.files.models import RefusedUploadRow
from services.files.objects.store import mark_for_deletion, object_columns, object_of


class RefusedStore:
    """Keeps refused uploads, the newest of each account."""

    def __init__(self, transactions: Transactions, *, now: Callable[[], datetime]) -> None:
        self._transactions = transactions
        self._now = now

    async def keep(self, file: StoredFile, *, most: int) -> tuple[StoredFile, list[str]]:
        """Keep an upload; return it, or the one with the same bytes that is kept already.

        Also returns the objects that the account's oldest uploads beyond `most` had. They are marked for
        deletion.
        """
        values = {
            "id": file.id,
            "account": file.account,
            "display_name": file.display_name,
            "create_time": file.create_time,
            **object_columns(file.object),
        }
        statement = (
            insert(RefusedUploadRow)
            .values(values)
            .on_conflict_do_update(
                index_elements=["account", "sha256"],
                set_={"display_name": file.display_name, "create_time": file.create_time},
            )
            .returning(RefusedUploadRow)
        )
        beyond = (
            select(RefusedUploadRow.id)
            .where(RefusedUploadRow.account == file.account)
            .order_by(RefusedUploadRow.create_time.desc(), RefusedUploadRow.id.desc())
            .offset(most)
        )
        async with transaction(self._transactions) as session:
            kept = _file((await session.scalars(statement)).one())
            removing = delete(RefusedUploadRow).where(RefusedUploadRow.id.in_(beyond))
            removed = list(await session.scalars(removing.returning(RefusedUploadRow.object_key)))
            await mark_for_deletion(session, removed, self._now())
        return kept, removed

    async def get(self, account: str, file_id: str, *, since: datetime) -> StoredFile | None:
        """Return an upload that was refused since a moment."""
        statement = select(RefusedUploadRow).where(
            RefusedUploadRow.account == account,
            RefusedUploadRow.id == file_id,
            RefusedUploadRow.create_time >= since,
        )
        async with transaction(self._transactions) as session:
            row = await session.scalar(statement)
        return None if row is None else _file(row)

    async def page(self, account: str) -> list[StoredFile]:
        """Return all of an account's uploads; there are few."""
        statement = select(RefusedUploadRow).where(RefusedUploadRow.account == account)
        async with transaction(self._transactions) as session:
            return [_file(row) for row in await session.scalars(statement)]


async def take_refused(session: AsyncSession, account: str, file_id: str) -> str | None:
    """Remove an upload in a transaction that goes on with its object; return that object's key."""
    removing = delete(RefusedUploadRow).where(
        RefusedUploadRow.account == account, RefusedUploadRow.id == file_id
    )
    key: str | None = await session.scalar(removing.returning(RefusedUploadRow.object_key))
    return key


def _file(row: RefusedUploadRow) -> StoredFile:
    return StoredFile(
        id=row.id,
        account=row.account,
        display_name=row.display_name,
        create_time=row.create_time,
        object=object_of(row),
        parse=NO_PARSE,
    )
