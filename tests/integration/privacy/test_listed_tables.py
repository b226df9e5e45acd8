"""The lists of personal data, compared with the databases as the migrations make them."""

import re
from collections.abc import Sequence

import psycopg
import pytest

from services.auth.privacy import tables as auth
from services.common.privacy import PersonalTable
from services.files.privacy import tables as files
from services.processor.privacy import tables as processor
from services.vault.privacy import tables as vault
from tests.support.stores import Databases

LISTS: dict[str, Sequence[PersonalTable]] = {
    "auth": auth.TABLES,
    "vault": vault.DATABASE,
    "keystore": vault.KEY_STORE,
    "files": files.TABLES,
    "processor": processor.TABLES,
}
#: Names of columns that are key material, credentials, or codes made with keys, whatever their table.
NEVER = re.compile(r"wrapped|blob|secret|password|digest|token(?!s)|hash|mac$|pepper")
_COLUMNS = """
SELECT c.table_name, c.column_name FROM information_schema.columns AS c
JOIN pg_class AS t ON t.relname = c.table_name AND t.relnamespace = 'public'::regnamespace
WHERE c.table_schema = 'public' AND c.table_name <> 'alembic_version'
  AND t.relkind IN ('r', 'p') AND NOT t.relispartition
"""


def columns(databases: Databases, service: str) -> dict[str, set[str]]:
    """Return every table of a service's database with its columns."""
    found: dict[str, set[str]] = {}
    with databases.fresh(service) as database, psycopg.connect(database.conninfo) as connection:
        for table, column in connection.execute(_COLUMNS):
            found.setdefault(table, set()).add(column)
    return found


@pytest.mark.promise("S57")
@pytest.mark.parametrize("service", LISTS)
def test_every_table_is_listed_with_what_becomes_of_it(databases: Databases, service: str) -> None:
    tables = columns(databases, service)
    listed = {each.name for each in LISTS[service]}
    assert tables
    undecided = sorted(listed ^ tables.keys())
    assert not undecided, f"decide in privacy/tables.py about {undecided}"


@pytest.mark.promise("S57")
@pytest.mark.parametrize("service", LISTS)
def test_every_column_is_handed_out_or_withheld_for_a_reason(databases: Databases, service: str) -> None:
    tables = columns(databases, service)
    for table in LISTS[service]:
        if table.path:
            assert not table.not_exported, table.name
            assert set(table.exported) | table.withheld.keys() == tables[table.name], table.name
            assert not set(table.exported) & table.withheld.keys(), table.name
            assert all(table.withheld.values()), table.name
        else:
            assert table.not_exported, f"{table.name}: not exported, and no reason why"


@pytest.mark.promise("S57")
@pytest.mark.parametrize("service", LISTS)
def test_no_column_with_key_material_is_handed_out(service: str) -> None:
    for table in LISTS[service]:
        assert not [name for name in table.exported if NEVER.search(name) and name != "result_sha256"], (
            table.name
        )


@pytest.mark.parametrize("service", LISTS)
def test_rows_of_people_are_removed_or_kept_for_a_reason(databases: Databases, service: str) -> None:
    tables = columns(databases, service)
    for table in LISTS[service]:
        if "account" in tables[table.name]:
            assert table.account_rows, f"{table.name} names accounts"
        assert table.account_rows or table.not_erased, (
            f"{table.name}: says neither whose its rows are nor why they are not erased"
        )


@pytest.mark.parametrize("service", LISTS)
def test_what_picks_rows_is_sql_that_the_database_takes(databases: Databases, service: str) -> None:
    with databases.fresh(service) as database, psycopg.connect(database.conninfo) as connection:
        for table in LISTS[service]:
            if table.account_rows:
                picked = table.account_rows.replace(":account", "%(account)s")
                found = connection.execute(
                    f"SELECT count(*) FROM {table.name} WHERE {picked}".encode(), {"account": "nobody"}
                ).fetchone()
                assert found == (0,)


def test_no_two_entries_of_a_service_have_one_path() -> None:
    for service, lists in {**LISTS, "vault": (*vault.DATABASE, *vault.KEY_STORE)}.items():
        paths = [table.path for table in lists if table.path]
        assert len(paths) == len(set(paths)), service
