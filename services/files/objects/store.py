"""What rows say of objects: their columns, which of two writers wins, and what is to be deleted."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Select, delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.common.errors import DomainError
from services.files.models import (
    DataExportRow,
    DoomedObjectRow,
    FileRow,
    ParseRow,
    RefusedUploadRow,
    ResultRow,
)
from services.files.objects.stored_object import StoredObject

#: For objects that no restore makes readable, or that nobody would miss.
AT_ONCE = timedelta()
Fenced = TypeVar("Fenced", ResultRow, DataExportRow)


def object_of(row: FileRow | RefusedUploadRow | ResultRow | DataExportRow) -> StoredObject:
    """Return the object that a row names."""
    return StoredObject(row.object_key, row.wrapped_key, row.size_bytes, row.sha256)


def object_columns(stored: StoredObject) -> dict[str, Any]:
    """Return the columns by which a row names an object."""
    return {
        "object_key": stored.key,
        "wrapped_key": stored.wrapped_key,
        "size_bytes": stored.size,
        "sha256": stored.sha256,
    }


async def put_newest(
    session: AsyncSession,
    rows: type[Fenced],
    values: dict[str, Any],
    *,
    replaces: Callable[[int], bool],
    stale: type[DomainError],
    now: datetime,
    keep: timedelta = AT_ONCE,
) -> str | None:
    """Add a row, or replace the one with its primary key; return the object that was replaced.

    The replaced object is marked for deletion, `keep` from now. Raises `stale` when `replaces` says no to the
    fence of the row that is there.
    """
    added = await session.execute(
        insert(rows).values(values).on_conflict_do_nothing().returning(rows.object_key)
    )
    if added.scalar_one_or_none() is not None:
        return None
    # Another row has this primary key; locked, it stays as it is until this transaction ends.
    primary = tuple(values[column.name] for column in rows.__table__.primary_key)
    there = await session.get(rows, primary, with_for_update=True)
    if there is None or not replaces(there.fence):
        raise stale
    replaced = there.object_key
    for name, value in values.items():
        setattr(there, name, value)
    await mark_for_deletion(session, [replaced], now, keep=keep)
    return replaced


async def remove_files(
    session: AsyncSession,
    wanted: Select[str],
    now: datetime,
    *,
    skip_locked: bool = False,
    keep: timedelta = AT_ONCE,
) -> list[str]:
    """Remove the files whose IDs are selected; return the objects of them and of their parses.

    The objects are marked for deletion, `keep` from now. The files are locked first, so that no parse comes
    in between; with `skip_locked`, those that others have locked stay.
    """
    ids = list(await session.scalars(wanted.with_for_update(of=FileRow, skip_locked=skip_locked)))
    parses = delete(ParseRow).where(ParseRow.file.in_(ids)).returning(ParseRow.table_key)
    tables = [key for key in await session.scalars(parses) if key is not None]
    files = delete(FileRow).where(FileRow.id.in_(ids)).returning(FileRow.object_key)
    removed = [*await session.scalars(files), *tables]
    await mark_for_deletion(session, removed, now, keep=keep)
    return removed


async def mark_for_deletion(
    session: AsyncSession, object_keys: Iterable[str], now: datetime, *, keep: timedelta = AT_ONCE
) -> None:
    """Record that objects must be deleted, in the transaction that removes the rows that named them.

    An object is kept for as long as a restore of the database could bring its row back. Erased accounts' need
    not be: no restore makes them readable again. One that is marked already stays marked as it is.
    """
    values = [
        {"object_key": object_key, "create_time": now, "discard_after": now + keep}
        for object_key in object_keys
    ]
    if values:
        await session.execute(insert(DoomedObjectRow).values(values).on_conflict_do_nothing())
