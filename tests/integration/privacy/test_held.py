"""The lists of what is held about people, compared with the databases that the migrations create."""

import re
from collections.abc import Sequence

import psycopg
import pytest

from services.auth.privacy import tables as auth
from services.common.privacy import Held
from services.files.privacy import tables as files
from services.processor.privacy import tables as processor
from services.vault.privacy import tables as vault
from tests.support.stores import Databases

LISTS: dict[str, Sequence[Held]] = {
    "auth": auth.HELD,
    "vault": vault.DATABASE,
    "keystore": vault.KEY_STORE,
    "files": files.HELD,
    "processor": processor.HELD,
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
    listed = {each.table for each in LISTS[service]}
    assert tables
    undecided = sorted(listed ^ tables.keys())
    assert not undecided, f"say in held.py what of {undecided} is exported, erased, or kept and why"


@pytest.mark.promise("S57")
@pytest.mark.parametrize("service", LISTS)
def test_every_column_is_handed_out_or_withheld_for_a_reason(databases: Databases, service: str) -> None:
    tables = columns(databases, service)
    for held in LISTS[service]:
        if held.path:
            assert not held.not_exported, held.table
            assert set(held.exported) | held.withheld.keys() == tables[held.table], held.table
            assert not set(held.exported) & held.withheld.keys(), held.table
            assert all(held.withheld.values()), held.table
        else:
            assert held.not_exported, f"{held.table}: handed out nowhere, and no reason why"


@pytest.mark.promise("S57")
@pytest.mark.parametrize("service", LISTS)
def test_no_column_with_key_material_is_handed_out(service: str) -> None:
    for held in LISTS[service]:
        assert not [name for name in held.exported if NEVER.search(name) and name != "result_sha256"], (
            held.table
        )


@pytest.mark.parametrize("service", LISTS)
def test_rows_of_people_are_removed_or_kept_for_a_reason(databases: Databases, service: str) -> None:
    tables = columns(databases, service)
    for held in LISTS[service]:
        if "account" in tables[held.table]:
            assert held.owned, f"{held.table} names accounts"
        assert held.owned or held.kept, f"{held.table}: neither anybody's nor said to be nobody's"


@pytest.mark.parametrize("service", LISTS)
def test_what_picks_rows_is_sql_that_the_database_takes(databases: Databases, service: str) -> None:
    with databases.fresh(service) as database, psycopg.connect(database.conninfo) as connection:
        for held in LISTS[service]:
            if held.owned:
                picked = held.owned.replace(":account", "%(account)s")
                found = connection.execute(
                    f"SELECT count(*) FROM {held.table} WHERE {picked}".encode(), {"account": "nobody"}
                ).fetchone()
                assert found == (0,)


def test_no_two_entries_of_a_service_have_one_path() -> None:
    for service, lists in {**LISTS, "vault": (*vault.DATABASE, *vault.KEY_STORE)}.items():
        paths = [held.path for held in lists if held.path]
        assert len(paths) == len(set(paths)), service
