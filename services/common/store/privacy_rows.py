"""Rows of an account by the lists of what is held: read for an archive in pages, removed in batches."""

import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

import orjson
from sqlalchemy import MetaData, Table, literal, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from services.common.privacy import Entry, Held, Piece

_PAGE_ROWS = 500
_BATCH_ROWS = 2_000
#: One call removes for so long; what is left is for the next.
_ERASE_SECONDS = 5.0


async def export_rows(
    sessions: async_sessionmaker[AsyncSession], metadata: MetaData, held: Iterable[Held], *, account: str
) -> AsyncIterator[Piece]:
    """Yield one JSON array for each listed table that has a path."""
    for each in held:
        if not each.path:
            continue
        yield Entry(each.path)
        between = b"[\n"
        async for row in _rows(sessions, metadata.tables[each.table], each, account):
            yield between + orjson.dumps(row)
            between = b",\n"
        yield b"[]\n" if between == b"[\n" else b"\n]\n"


async def _rows(
    sessions: async_sessionmaker[AsyncSession], table: Table, held: Held, account: str
) -> AsyncIterator[dict[str, Any]]:
    # In pages of their own transactions: whoever reads may be slow, and holds nothing open meanwhile.
    key = tuple(table.primary_key.columns)
    after: tuple[Any, ...] | None = None
    while True:
        wanted = select(table).where(text(f"({held.owned})").bindparams(account=account))
        if after is not None:
            wanted = wanted.where(
                tuple_(*key)
                > tuple_(*(literal(value, column.type) for value, column in zip(after, key, strict=True)))
            )
        async with sessions() as session:
            found = (await session.execute(wanted.order_by(*key).limit(_PAGE_ROWS))).mappings().all()
        for row in found:
            yield {name: row[name] for name in held.exported}
        if len(found) < _PAGE_ROWS:
            return
        after = tuple(found[-1][column.name] for column in key)


async def erase_rows(
    sessions: async_sessionmaker[AsyncSession], held: Iterable[Held], *, account: str
) -> bool:
    """Remove an account's rows in the order of the list; return whether none is left.

    Tables whose rows are kept are passed over.
    """
    until = time.monotonic() + _ERASE_SECONDS
    for each in held:
        if each.kept or not each.owned:
            continue
        # In batches: a statement that removes millions would be ended by the server, and nothing gained.
        batch = text(
            f"DELETE FROM {each.table} WHERE ctid = ANY(ARRAY("  # noqa: S608  names from our own lists
            f"SELECT ctid FROM {each.table} WHERE {each.owned} LIMIT {_BATCH_ROWS}))"
        )
        removed = _BATCH_ROWS
        while removed == _BATCH_ROWS:
            if time.monotonic() > until:
                return False
            async with sessions.begin() as session:
                result: Any = await session.execute(batch, {"account": account})
                removed = result.rowcount
    return True
