"""Copies of a test's database, taken at one time and restored at another, like backups."""

import psycopg
from psycopg import sql

from tests.support.stores import Database, Databases

_TABLES = """
SELECT relname FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
ORDER BY relname
"""

Copy = dict[str, bytes]


def taken(database: Database) -> Copy:
    """Return all rows of all tables."""
    with psycopg.connect(database.conninfo) as connection:
        copy = {}
        for (table,) in connection.execute(_TABLES).fetchall():
            with connection.cursor().copy(
                sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(table))
            ) as data:
                copy[table] = b"".join(bytes(part) for part in data)
        return copy


def put_back(database: Database, copy: Copy) -> None:
    """Replace all rows of all tables with those of the copy."""
    with psycopg.connect(database.conninfo) as connection:
        for (table,) in connection.execute(_TABLES).fetchall():
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            if table in copy:
                with connection.cursor().copy(
                    sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(table))
                ) as data:
                    data.write(copy[table])


def become_another(databases: Databases, database: Database) -> None:
    """Replace the database with a copy of itself, as restoring a dump into a new database does."""
    old, new = sql.Identifier(database.name), sql.Identifier(database.name + "_new")
    with databases.cluster.connect() as connection:
        (owner,) = connection.execute(
            "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", (database.name,)
        ).fetchone() or ("",)
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(new, sql.Identifier(owner), old)
        )
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(old))
        connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(new, old))
