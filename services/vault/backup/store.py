"""Turns all rows of the key store into lines of JSON, and fills an empty key store from them."""

import base64
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import DateTime, LargeBinary, Table, insert, literal, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.vault.backup.format import BackupUnusable
from services.vault.keystore_models import erasure_state, metadata

_BATCH = 1000
_POSITION = text("SELECT pg_snapshot_xmax(pg_current_snapshot())")
_CONTENTS = text(
    "SELECT (SELECT (count(*), max(create_time), max(retire_time), max(destroy_time), count(wrapped)) "
    "FROM account_keys), (SELECT (count(*), sum(generation), count(*) FILTER (WHERE deleted)) FROM objects), "
    "(SELECT (count(*), max(create_time), count(*) FILTER (WHERE state = 'active')) FROM system_keys)"
)
_REVISION = text("SELECT version_num FROM alembic_version")


async def lines(database: AsyncConnection, now: datetime) -> AsyncIterator[bytes]:
    """Yield the schema's version, then every row, all as of one moment.

    The connection must have begun a repeatable read.
    """
    yield orjson.dumps({"revision": await _revision(database), "time": now.astimezone(UTC).isoformat()})
    for table in metadata.sorted_tables:
        async with database.stream(select(table)) as rows:
            async for row in rows:
                yield orjson.dumps([table.name, _plain(row._mapping)])


async def is_empty(database: AsyncConnection) -> bool:
    """Tell whether every table is empty, apart from rows that migrations insert."""
    for table in metadata.sorted_tables:
        wanted = select(literal(1)).select_from(table).limit(1)
        if table is erasure_state:
            wanted = wanted.where(table.c.seq > 0)
        if (await database.execute(wanted)).first():
            return False
    return True


async def fill(database: AsyncConnection, told: Iterator[bytes]) -> None:
    """Store the rows in an empty key store, which is marked as restored; raise BackupUnusable."""
    first = orjson.loads(next(told, b"{}"))
    if (revision := await _revision(database)) != first.get("revision"):
        raise BackupUnusable(
            f"the backup has schema {first.get('revision')} and the key store {revision}: "
            "use the version of this program that made it, then migrate"
        )
    await database.execute(erasure_state.delete())
    batch: list[dict[str, Any]] = []
    of: Table | None = None
    for line in told:
        name, row = orjson.loads(line)
        table = metadata.tables[name]
        if of is not None and (table is not of or len(batch) >= _BATCH):
            await database.execute(insert(of), batch)
            batch = []
        of = table
        batch.append(_values(table, row))
    if of is not None:
        await database.execute(insert(of), batch)
    await database.execute(erasure_state.update().values(restored=True))


async def position(database: AsyncConnection) -> str:
    """Return the number of the cluster's next transaction, which moves with everything that is written."""
    return str((await database.execute(_POSITION)).scalar_one())


async def contents(database: AsyncConnection) -> str:
    """Return what is the same only if keys and objects are, whatever their uses; a scan of both tables."""
    row = (await database.execute(_CONTENTS)).one()
    return "|".join(map(str, row))


async def _revision(database: AsyncConnection) -> str:
    return str((await database.execute(_REVISION)).scalar_one())


def _plain(row: Any) -> dict[str, Any]:
    return {
        str(name): base64.b64encode(value).decode() if isinstance(value, bytes | memoryview) else value
        for name, value in row.items()
    }


def _values(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(table.c[name].type, value) for name, value in row.items()}


def _value(kind: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value)
    if isinstance(kind, DateTime):
        return datetime.fromisoformat(value)
    return value
