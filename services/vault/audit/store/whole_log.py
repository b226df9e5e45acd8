"""Reading the whole audit log in order, over a connection of its own, in batches."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql

from services.common.errors import DomainError, Kind, Unavailable
from services.common.logs import describe, log
from services.vault.audit.chain import Head, Record
from services.vault.audit.statements import Checkpoint
from services.vault.bounded_connection import FAILURES, BoundedConnection

_SECONDS = 30.0
_BATCH = 500
_COLUMNS = "chain, seq, time, account, object, action, outcome, body, mac"
# One lock for all commands: readers share it, dropping a month takes it exclusively.
_LOCK = "hashtextextended('smelt/audit/archive', 0)"
_MACS = """
SELECT r.chain, r.seq, r.mac
FROM unnest(%s::text[], %s::bigint[]) AS w(chain, seq) JOIN audit_records r USING (chain, seq)
"""
_MONTHS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'audit_records'::regclass AND c.relname ~ '^audit_records_[0-9]{4}_[0-9]{2}$'
ORDER BY c.relname
"""
_AFTER = """
SELECT chain, seq, time, account, object, action, outcome, body, mac FROM audit_records
WHERE chain = %s AND seq > %s ORDER BY seq LIMIT 1
"""


class AuditBusy(DomainError):
    """The audit log is being verified or archived by another command."""

    reason = "AUDIT_BUSY"
    kind = Kind.CONFLICT
    message = "The audit log is being verified or archived; try again later"


def partition(month: str) -> str:
    """Return the name of a month's table; `month` is YYYY-MM."""
    return f"audit_records_{month.replace('-', '_')}"


def after(month: str) -> datetime:
    """Return the first moment after a month."""
    year, number = int(month[:4]), int(month[5:])
    return datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)


class AuditSource:
    """One connection for one reading of the log."""

    def __init__(self, database: BoundedConnection) -> None:
        self._database = database

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, alone: bool = False) -> AsyncIterator["AuditSource"]:
        """Connect and take the lock of readers or (`alone`) of droppers; raise AuditBusy, Unavailable."""
        with _outages():
            database = await BoundedConnection.open(url, seconds=_SECONDS)
        try:
            shared = "" if alone else "_shared"
            with _outages():
                row = await database.exchange(
                    _row(database, f"SELECT pg_try_advisory_lock{shared}({_LOCK})"), seconds=_SECONDS
                )
            if not row or not row[0]:
                raise AuditBusy
            yield cls(database)
        finally:
            await database.close()

    async def macs(self, of: Sequence[Checkpoint]) -> Mapping[tuple[str, int], bytes]:
        """Return the MACs of the records that checkpoints name, as far as they exist."""
        wanted = ([each.chain for each in of], [each.seq for each in of])
        rows = await self._rows(_MACS, wanted)
        return {(row[0], row[1]): bytes(row[2]) for row in rows}

    async def heads(self) -> Mapping[str, Head]:
        """Return where chains end according to the database."""
        rows = await self._rows("SELECT chain, seq, mac FROM audit_heads")
        return {row[0]: Head(row[0], row[1], bytes(row[2])) for row in rows}

    async def months(self) -> list[str]:
        """Return the months in the database, oldest first."""
        return [row[0].removeprefix("audit_records_").replace("_", "-") for row in await self._rows(_MONTHS)]

    async def following(self, head: Head) -> Record | None:
        """Return the first record of a chain after a place in it."""
        rows = await self._rows(_AFTER, (head.chain, head.seq))
        return Record(*rows[0]) if rows else None

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[None]:
        """Make all reads within the block see the log as it was at the beginning."""
        await self._rows("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield
        await self._rows("COMMIT")

    async def records(self, month: str = "") -> AsyncIterator[Sequence[Record]]:
        """Yield all records, or a month's, by chain and number; call it within a snapshot."""
        table = partition(month) if month else "audit_records"
        await self._rows(
            sql.SQL("DECLARE found NO SCROLL CURSOR FOR SELECT {} FROM {} ORDER BY chain, seq, time").format(
                sql.SQL(_COLUMNS), sql.Identifier(table)
            )
        )
        while rows := await self._rows(f"FETCH {_BATCH} FROM found"):
            yield [Record(*row) for row in rows]
            # Between two batches, a long reading lets releases use the event loop.
            await asyncio.sleep(0)
        await self._rows("CLOSE found")

    async def drop(self, month: str) -> None:
        """Drop a month's records; raise AuditBusy if that would make the writers wait."""
        try:
            await self._rows("SET lock_timeout = '500ms'")
            await self._rows(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(partition(month))))
        except psycopg.errors.LockNotAvailable:
            raise AuditBusy from None

    async def _rows(
        self, statement: str | sql.Composed, values: Sequence[object] | None = None
    ) -> list[tuple[Any, ...]]:
        with _outages():
            return await self._database.exchange(_all(self._database, statement, values), seconds=_SECONDS)


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except psycopg.errors.LockNotAvailable:
        raise
    except FAILURES as error:
        log.warning("audit.source_failed", **describe(error))
        raise Unavailable from None


async def _all(
    database: BoundedConnection, statement: str | sql.Composed, values: Sequence[object] | None
) -> list[tuple[Any, ...]]:
    query = statement.encode() if isinstance(statement, str) else statement
    cursor = await database.raw.execute(query, values)
    return await cursor.fetchall() if cursor.description else []


async def _row(database: BoundedConnection, statement: str) -> tuple[Any, ...] | None:
    rows = await _all(database, statement, None)
    return rows[0] if rows else None
