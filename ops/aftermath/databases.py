"""Connections to the databases of a recovered cluster: one transaction for each, and what a shadow knows."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import TupleRow

from ops.errors import OpsError

AUTH, VAULT, FILES, PROCESSOR = "auth", "vault", "files", "processor"
#: A process that holds a lock which a settlement needs is not stopped: services must not run.
_LOCK_MS = 10_000
_CONNECT_SECONDS = 15
Connection = psycopg.AsyncConnection[TupleRow]


@asynccontextmanager
async def connected(url: str, name: str) -> AsyncIterator[Connection]:
    """Connect to a database of a cluster; the block is one transaction. OpsError names no address."""
    try:
        where = make_conninfo(url, dbname=name, connect_timeout=_CONNECT_SECONDS)
        async with await psycopg.AsyncConnection.connect(where) as connection:
            await connection.execute(f"SET LOCAL lock_timeout = {_LOCK_MS}")
            yield connection
    except psycopg.OperationalError as error:
        said = error.sqlstate or "it does not answer"
        raise OpsError(
            f"The database {name} cannot be settled ({said}): is the cluster up, and are services stopped?"
        ) from None
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        raise OpsError(
            f"The database {name} has the schema of another version: migrate it with this version first "
            f"(`python -m services.{name} migrate`)"
        ) from None


async def checkpoint(url: str) -> None:
    """Make the cluster know its timeline: until a checkpoint after its promotion it tells the old one."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute("CHECKPOINT")


async def rows(connection: Connection, query: str, *values: object) -> Sequence[TupleRow]:
    """Return all rows of a query."""
    return await (await connection.execute(query, values or None)).fetchall()


async def changed(connection: Connection, statement: str, *values: object) -> int:
    """Run a statement; return how many rows it touched."""
    return max(0, (await connection.execute(statement, values or None)).rowcount)


async def known(connection: Connection, table: str, columns: str, found: Sequence[Sequence[Any]]) -> None:
    """Put rows of the shadow into a temporary table of the transaction."""
    await connection.execute(f"CREATE TEMP TABLE {table} ({columns}) ON COMMIT DROP")
    async with connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
        for row in found:
            await copy.write_row(row)
    await connection.execute(f"ANALYZE {table}")
