"""The first start, every later one, and the start without the right root key."""

import os
from pathlib import Path

import pytest
from smelt.vault.v1 import operator_pb2

from services.vault.keys.first_start import CannotInitialise
from tests.integration.vault.vault_process import PRIVATE_URL, SECRET, Vault, new_account, worker

STATUS = "/smelt.vault.v1.OperatorService/GetVaultStatus"


def rows(vault: Vault) -> list[int]:
    """Return how many rows each table of both databases has."""
    counts = []
    for keystore in (False, True):
        tables = vault.query(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            " ORDER BY relname",
            keystore=keystore,
        )
        counts += [vault.query(f'SELECT count(*) FROM "{t}"', keystore=keystore)[0][0] for (t,) in tables]
    return counts


def contents(directory: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in directory.iterdir() if each.suffix == ".key"}


def test_the_first_start_makes_keys_and_a_second_changes_nothing(stopped_vault: Vault) -> None:
    status, said = stopped_vault.run("init")
    assert status == 0, said
    assert "initialised" in said
    assert len(said.splitlines()) == 1
    before = (contents(stopped_vault.files.directory), rows(stopped_vault))
    assert set(before[0]) == {"root.key", "wrapping.key"}
    status, said = stopped_vault.run("init")
    assert (status, len(said.splitlines())) == (0, 1)
    assert said.startswith("already initialised")
    assert (contents(stopped_vault.files.directory), rows(stopped_vault)) == before


@pytest.mark.promise("S08")
async def test_a_first_start_never_makes_a_root_key_where_data_is(stopped_vault: Vault) -> None:
    stopped_vault.query("INSERT INTO grants (account, id, expire_time) VALUES ('a', 'g', now())")
    status, said = stopped_vault.run("init")
    assert status == 1
    assert "restore the key store" in said
    assert not contents(stopped_vault.files.directory)
    stopped_vault.query("DELETE FROM grants")
    mark = "INSERT INTO objects (account, object, generation, deleted) VALUES ('a', 'o', 1, false)"
    stopped_vault.query(mark, keystore=True)
    with pytest.raises(CannotInitialise):
        await stopped_vault.initialise()
    assert not contents(stopped_vault.files.directory)


async def test_an_initialised_vault_without_its_root_key_is_not_initialised_anew(
    stopped_vault: Vault,
) -> None:
    await stopped_vault.initialise()
    files = stopped_vault.files
    kept = files.root_key.rename(files.directory / "kept")
    with pytest.raises(CannotInitialise, match="already initialised with root key root-"):
        await stopped_vault.initialise()
    assert not files.root_key.exists()
    kept.rename(files.root_key)
    await stopped_vault.initialise()


async def test_a_first_start_that_died_half_way_is_taken_up_where_it_was(stopped_vault: Vault) -> None:
    files = stopped_vault.files
    files.root_key.write_bytes(os.urandom(32))
    files.root_key.chmod(0o400)
    root = files.root_key.read_bytes()
    await stopped_vault.initialise()
    wrapping = files.wrapping_key.read_bytes()
    assert files.root_key.read_bytes() == root
    # As if it had died before its keys reached the key store.
    for table in ("installation", "system_keys"):
        stopped_vault.query(f"DELETE FROM {table}", keystore=True)
    await stopped_vault.initialise()
    assert files.wrapping_key.read_bytes() == wrapping


async def test_a_wrapping_key_of_another_root_key_is_never_overwritten(stopped_vault: Vault) -> None:
    await stopped_vault.initialise()
    for table in ("installation", "system_keys"):
        stopped_vault.query(f"DELETE FROM {table}", keystore=True)
    stopped_vault.files.root_key.unlink()
    before = stopped_vault.files.wrapping_key.read_bytes()
    with pytest.raises(CannotInitialise, match="belongs to another root key"):
        await stopped_vault.initialise()
    assert stopped_vault.files.wrapping_key.read_bytes() == before


async def test_a_vault_that_was_never_initialised_is_sealed(stopped_vault: Vault) -> None:
    try:
        await stopped_vault.start(ready=False)
        status = await stopped_vault.operator().GetVaultStatus(operator_pb2.GetVaultStatusRequest())
        assert (status.sealed, status.installation, status.root_key_id) == (True, "", "")
        assert "init" in status.sealed_because
        assert "init" in stopped_vault.log()
    finally:
        await stopped_vault.close()


async def test_a_key_that_came_with_a_later_release_is_made_at_the_next_start(stopped_vault: Vault) -> None:
    await stopped_vault.initialise()
    stopped_vault.query("DELETE FROM system_keys WHERE kind = 'checkpoint'", keystore=True)
    before = stopped_vault.query("SELECT kind, id FROM system_keys", keystore=True)
    await stopped_vault.start()
    try:
        after = stopped_vault.query("SELECT kind, id FROM system_keys", keystore=True)
        assert [kind for kind, _ in set(after) - set(before)] == ["checkpoint"]
        assert set(before) < set(after)
    finally:
        await stopped_vault.close()


async def test_the_operator_loads_the_managed_key_by_command(vault: Vault, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    arguments = ("managed-key", "--base-url", PRIVATE_URL, "--secret-file", str(file))
    status, said = vault.run(*arguments, identity="operator")
    assert status == 0, said
    assert SECRET not in said
    grant = (await vault.grant(new_account(), "apiKeys/managed")).token
    async with worker(vault) as stream:
        assert await stream.outcome(grant) == SECRET
    status, said = vault.run(*arguments, identity="gateway")
    assert status == 1
    assert said.startswith("CALLER_NOT_ALLOWED")
    file.write_text("short")
    assert vault.run(*arguments, identity="operator")[1].startswith("API_KEY_FORMAT")


async def test_the_operator_sees_how_the_vault_is(vault: Vault) -> None:
    status, said = vault.run("status", identity="operator")
    assert status == 0
    assert "sealed: no" in said
    assert "root key: root-" in said


def test_every_mistake_in_the_settings_is_named_at_once(stopped_vault: Vault) -> None:
    status, said = stopped_vault.run("serve", SMELT_VAULT_SLOT="no slot!", SMELT_DRAIN_SECONDS="soon")
    assert status == 2
    assert {line.split(":")[0] for line in said.splitlines()} == {"SMELT_VAULT_SLOT", "SMELT_DRAIN_SECONDS"}


async def test_the_process_can_neither_be_dumped_nor_traced(vault: Vault) -> None:
    assert vault.process is not None
    limits = Path(f"/proc/{vault.process.pid}/limits").read_text()
    (line,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
    assert line.split()[4:6] == ["0", "0"]
    # Who traces processes of the same user is told that this one belongs to root (proc(5), PR_SET_DUMPABLE).
    assert Path(f"/proc/{vault.process.pid}/mem").stat().st_uid == 0
    environment = vault.start_values()
    secrets = [vault.files.root_key.read_bytes(), vault.files.wrapping_key.read_bytes()[-48:]]
    for url_file in (vault.files.database_url_file, vault.files.keystore_url_file):
        secrets.append(url_file.read_bytes().split(b":")[2].split(b"@")[0])
    for secret in secrets:
        assert len(secret) > 8
        assert secret not in environment
        assert secret.hex().encode() not in environment
