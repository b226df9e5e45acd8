"""The audit writer's statements apart from its batches: lock, head, months, probe."""

from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql

from services.vault.audit.chain import Head

Connection = psycopg.AsyncConnection[Any]

_LOCK = "SELECT pg_try_advisory_lock(hashtextextended('smelt/audit/' || %s, 0))"
# If the server is set to confirm commits before they are on disk, this connection overrides that.
_DURABLE = """
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') IN ('off', 'local')
"""
_HEAD = "SELECT seq, mac FROM audit_heads WHERE chain = %s"
_FIRST_HEAD = "INSERT INTO audit_heads (chain, seq, mac) VALUES (%s, %s, %s)"
_MONTH_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('smelt/audit/months', 0))"


async def lock(connection: Connection, slot: str) -> bool:
    """Lock the chain of a slot for the life of the connection; False while another connection has it."""
    row = await (await connection.execute(_LOCK, (slot,))).fetchone()
    return bool(row and row[0])


async def head(connection: Connection, genesis: Head) -> Head:
    """Return where the chain ends; create its first head if there is none."""
    await connection.execute(_DURABLE)
    row = await (await connection.execute(_HEAD, (genesis.chain,))).fetchone()
    if row is None:
        await connection.execute(_FIRST_HEAD, (genesis.chain, genesis.seq, genesis.mac))
        return genesis
    return Head(genesis.chain, int(row[0]), bytes(row[1]))


async def make_month(connection: Connection, moment: datetime) -> None:
    """Create the partition for the month of `moment` (UTC) if it does not exist."""
    first = datetime(moment.year, moment.month, 1, tzinfo=UTC)
    after = datetime(moment.year + moment.month // 12, moment.month % 12 + 1, 1, tzinfo=UTC)
    async with connection.transaction():
        await connection.execute(_MONTH_LOCK)
        await connection.execute(
            sql.SQL(
                "CREATE TABLE IF NOT EXISTS {} PARTITION OF audit_records FOR VALUES FROM ({}) TO ({})"
            ).format(sql.Identifier(f"audit_records_{first:%Y_%m}"), first.isoformat(), after.isoformat())
        )


async def probe(connection: Connection) -> None:
    """Raise unless the database answers."""
    await connection.execute("SELECT 1")
