"""A role that serves reads and writes rows, and changes no table."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from services.common.store import migrations
from tests.support.stores import Database, Databases

SERVICES = Path(migrations.__file__).parents[2]
RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")


@pytest.fixture(params=["auth", "files", "processor"])
def served(request: pytest.FixtureRequest, databases: Databases) -> Iterator[tuple[Database, str]]:
    """A database that its owner has migrated, and a role of its own that serves."""
    service = request.param
    with databases.fresh(service, migrated=False) as database:
        role = f"serves_{database.name}"
        with databases.cluster.connect() as connection:
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'x'").format(sql.Identifier(role)))
            connection.execute(
                sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                    sql.Identifier(database.name), sql.Identifier(role)
                )
            )
        migrations.upgrade(SERVICES / service / "migrations", database.url, role)
        yield database, psycopg.conninfo.make_conninfo(database.conninfo, user=role, password="x")


def test_it_may_do_with_every_row_what_a_service_does(served: tuple[Database, str]) -> None:
    with psycopg.connect(served[1]) as connection:
        rows = connection.execute(
            "SELECT c.relname, c.relkind FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace"
            " AND c.relkind IN ('r', 'p', 'S')"
        ).fetchall()
        assert len(rows) > 3
        for name, kind in rows:
            if kind == "S":
                assert may(connection, "has_sequence_privilege", name, "USAGE")
                continue
            written = name != "alembic_version"
            assert [may(connection, "has_table_privilege", name, right) for right in RIGHTS] == [
                True,
                written,
                written,
                written,
            ]


def test_it_changes_no_table(served: tuple[Database, str]) -> None:
    with psycopg.connect(served[1], autocommit=True) as connection:
        (table,) = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename <> 'alembic_version' ORDER BY 1 LIMIT 1"
        ).fetchone() or ("",)
        for statement in (
            "CREATE TABLE another (id int)",
            "DROP TABLE {} CASCADE",
            "ALTER TABLE {} ADD COLUMN another int",
            "ALTER TABLE {} DISABLE TRIGGER ALL",
            "TRUNCATE {} CASCADE",
            "UPDATE alembic_version SET version_num = 'another'",
            "CREATE FUNCTION another() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.format(table))


def test_a_second_migration_gives_rights_to_new_tables_too(
    fresh_database: Callable[[str], Database], databases: Databases
) -> None:
    """An installation that had one role gets another one: the next migration is enough."""
    database = fresh_database("files")
    role = f"later_{database.name}"
    with databases.cluster.connect() as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
    migrations.upgrade(SERVICES / "files" / "migrations", database.url, role)
    with psycopg.connect(database.conninfo) as connection:
        found = connection.execute(
            "SELECT bool_and(has_table_privilege(%s, quote_ident(tablename), 'INSERT')) FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename <> 'alembic_version'",
            (role,),
        ).fetchone()
    assert found == (True,)


def may(connection: psycopg.Connection, function: str, name: str, right: str) -> bool:
    row = connection.execute(f"SELECT {function}(quote_ident(%s), %s)", (name, right)).fetchone()
    assert row is not None
    return bool(row[0])
