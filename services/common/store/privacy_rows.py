"""An account's rows in the listed tables: exported in pages, erased in batches."""

import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

import orjson
from sqlalchemy import MetaData, Table, literal, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from services.common.privacy import ArchiveEntry, ArchivePiece, PersonalTable

_BATCH_ROWS = 2_000
#: How long one call removes rows; the next call continues. It must end well before the caller's deadline:
#: longer, and the caller gives up and asks again; shorter, and large accounts take more calls.
_ERASE_SECONDS = 5.0


async def export_rows(
    sessions: async_sessionmaker[AsyncSession],
    metadata: MetaData,
    tables: Iterable[PersonalTable],
    *,
    account: str,
) -> AsyncIterator[ArchivePiece]:
    """Yield one JSON array for each listed table that has a path."""
    for each in tables:
        if not each.path:
            continue
        yield ArchiveEntry(each.path)
        between = b"[\n"
        async for row in _rows(sessions, metadata.tables[each.name], each, account):
            yield between + row
            between = b",\n"
        yield b"[]\n" if between == b"[\n" else b"\n]\n"


async def _rows(
    sessions: async_sessionmaker[AsyncSession], table: Table, personal: PersonalTable, account: str
) -> AsyncIterator[bytes]:
    # Each page has a transaction of its own, so a slow reader of the archive keeps none open.
    key = tuple(table.primary_key.columns)
    after: tuple[Any, ...] | None = None
    while True:
        wanted = select(table).where(text(f"({personal.account_rows})").bindparams(account=account))
        if after is not None:
            wanted = wanted.where(
                tuple_(*key)
                > tuple_(*(literal(value, column.type) for value, column in zip(after, key, strict=True)))
            )
        async with sessions() as session:
            found = (await session.execute(wanted.order_by(*key).limit(personal.at_once))).mappings().all()
        for row in found:
            yield orjson.dumps({name: row[name] for name in personal.exported})
        if len(found) < personal.at_once:
            return
        after = tuple(found[-1][column.name] for column in key)


async def erase_rows(
    sessions: async_sessionmaker[AsyncSession], tables: Iterable[PersonalTable], *, account: str
) -> bool:
    """Remove an account's rows in the order of the list; return whether none is left.

    Tables with a reason in `not_erased` are left as they are.
    """
    until = time.monotonic() + _ERASE_SECONDS
    for each in tables:
        if each.not_erased or not each.account_rows:
            continue
        # In batches: the server would end a statement that removes millions of rows, and undo all of it.
        batch = text(
            f"DELETE FROM {each.name} WHERE ctid = ANY(ARRAY("  # noqa: S608  names from our own lists
            f"SELECT ctid FROM {each.name} WHERE {each.account_rows} LIMIT {_BATCH_ROWS}))"
        )
        removed = _BATCH_ROWS
        while removed == _BATCH_ROWS:
            if time.monotonic() > until:
                return False
            async with sessions.begin() as session:
                result: Any = await session.execute(batch, {"account": account})
                removed = result.rowcount
    return True
