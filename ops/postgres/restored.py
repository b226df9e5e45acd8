"""What a restored cluster shows: its heartbeat, its schemas, about how many rows."""

from dataclasses import dataclass
from datetime import datetime

import psycopg

from ops.postgres.private_server import PrivateServer

#: The database of the heartbeat.
HEARTBEAT = "backups"
_OWN = (HEARTBEAT, "postgres")


@dataclass(frozen=True, slots=True)
class Seen:
    """A look at a restored cluster, by database."""

    heartbeat: datetime | None
    revisions: dict[str, str]
    rows: dict[str, int]


def look(server: PrivateServer) -> Seen:
    """Read all tables of all databases once; that alone finds pages that are damaged."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        names = [row[0] for row in connection.execute("SELECT datname FROM pg_database WHERE datallowconn")]
    heartbeat: datetime | None = None
    revisions: dict[str, str] = {}
    rows: dict[str, int] = {}
    for name in names:
        if name.startswith("template"):
            continue
        with psycopg.connect(server.url(name), autocommit=True) as connection:
            tables = [
                row[0]
                for row in connection.execute(
                    "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables "
                    "WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
                )
            ]
            if "public.heartbeat" in tables:
                row = connection.execute("SELECT time FROM heartbeat").fetchone()
                heartbeat = row[0] if row else None
            if "public.alembic_version" in tables:
                row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
                revisions[name] = row[0] if row else "none"
            if name not in _OWN:
                rows[name] = sum(_count(connection, table) for table in tables)
    return Seen(heartbeat, revisions, rows)


def _count(connection: psycopg.Connection, table: str) -> int:
    # The names come from the catalogue, quoted by the server itself.
    row = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()  # noqa: S608
    return int(row[0]) if row else 0
