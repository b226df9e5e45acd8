"""After the ratchet no older copy of the key store opens what was erased; backups follow it."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.certificates import Certificates
from services.vault.backup.format import read, read_header
from services.vault.keys.wrapping_file import WrappingFile
from services.vault.root.key import RootKeyFile
from tests.integration.vault.erasure.test_vault_erasure import create_data_key, destroy, ledger, open_data_key
from tests.integration.vault.erasure.test_vault_restore import Past, replay, start_not_ready, stop
from tests.integration.vault.vault_process import Vault, new_account, reason_of
from tests.support.database_copies import put_back, taken
from tests.support.patience import PATIENCE_SECONDS
from tests.support.stores import Databases

RATCHET_AT_ONCE = {"SMELT_VAULT_RATCHET_SECONDS": "0"}


def versions(vault: Vault) -> list[int]:
    """Return which versions of the wrapping key its file holds."""
    return [slot.version for slot in WrappingFile(vault.files.wrapping_key).slots() if slot is not None]


async def has_moved_on(vault: Vault, version: int) -> None:
    """Return when the file holds this version of the wrapping key alone and no ratchet is owed."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while versions(vault) != [version] or vault.query(
            "SELECT 1 FROM erasure_state WHERE due_time IS NOT NULL", keystore=True
        ):
            await asyncio.sleep(0.05)


@pytest.mark.promise("S13")
async def test_yesterdays_keys_open_nothing_after_a_ratchet(stopped_vault: Vault) -> None:
    vault = stopped_vault
    vault.settings |= RATCHET_AT_ONCE
    await vault.initialise()
    await vault.start()
    try:
        account, other = new_account(), new_account()
        wrapped = (await create_data_key(vault, account)).wrapped_key
        others = (await create_data_key(vault, other)).wrapped_key
        (yesterday,) = vault.query(
            "SELECT wrapped FROM account_keys WHERE account = %s", account, keystore=True
        )
        await destroy(vault, account)
        await has_moved_on(vault, 2)
        revive = "UPDATE account_keys SET state = 'active', wrapped = %s WHERE account = %s"
        vault.query(revive, yesterday[0], account, keystore=True)
        assert await open_data_key(vault, account, wrapped) == "DATA_KEY_INVALID"
        assert await reason_of(create_data_key(vault, account)) == "DOES_NOT_OPEN"
        # The positive control: what lives was wrapped anew and opens.
        assert await open_data_key(vault, other, others) == ""
        await stop(vault)
        await vault.start()
        assert await open_data_key(vault, account, wrapped) == "DATA_KEY_INVALID"
        assert await open_data_key(vault, other, others) == ""
    finally:
        await vault.close()


@pytest.mark.promise("S13")
@pytest.mark.long
async def test_before_the_ratchet_an_older_copy_still_opens_so_it_is_owed(fragile: Vault) -> None:
    vault, account = fragile, new_account()
    wrapped = (await create_data_key(vault, account)).wrapped_key
    (yesterday,) = vault.query("SELECT wrapped FROM account_keys", keystore=True)
    await destroy(vault, account)
    revive = "UPDATE account_keys SET state = 'active', wrapped = %s"
    vault.query(revive, *yesterday, keystore=True)
    assert await open_data_key(vault, account, wrapped) == ""
    assert vault.query("SELECT ratchet_beyond FROM erasure_state", keystore=True) == [(1,)]
    # A vault that was down when it was due makes it at its next start.
    await vault.kill()
    vault.query("UPDATE erasure_state SET due_time = now() - interval '1 hour'", keystore=True)
    vault.query("UPDATE account_keys SET state = 'destroyed', wrapped = NULL", keystore=True)
    await vault.close()
    await vault.start()
    await has_moved_on(vault, 2)


@pytest.mark.long
@pytest.mark.promise("S13")
async def test_what_was_destroyed_by_a_replay_is_closed_by_a_ratchet_too(past_both: Past) -> None:
    assert versions(past_both.vault) == [2]
    await past_both.is_over()


@pytest.fixture
async def past_both(fragile: Vault) -> Past:
    """Both databases from before an erasure, replayed."""
    past = Past(fragile)
    await past.live()
    await past.end()
    await stop(fragile)
    put_back(fragile.database, past.database)
    put_back(fragile.keystore, past.keystore)
    await start_not_ready(fragile)
    replay(fragile)
    await fragile.wait("/ready", 200)
    return past


@contextmanager
def another_key_store(vault: Vault, certificates: Certificates, databases: Databases) -> Iterator[Vault]:
    """A vault as it is after the key store's disk was lost: all files there, its key store new and empty."""
    with databases.fresh("keystore") as keystore:
        files = replace(vault.files, keystore_url_file=keystore.url_file)
        yield Vault(files, certificates, vault.database, keystore, settings=vault.settings)


def places(directory: Path) -> list[str]:
    made = [directory / name for name in ("backup-1", "backup-2")]
    for each in made:
        each.mkdir(mode=0o700)
    return [str(each) for each in made]


@pytest.mark.promise("S13")
async def test_a_lost_key_store_is_restored_from_either_backup(
    fragile: Vault, certificates: Certificates, databases: Databases, tmp_path: Path
) -> None:
    past = Past(fragile)
    await past.live()
    to = places(tmp_path)
    status, said = fragile.run("keystore", "backup", *to)
    assert (status, said.count("version 1 of the wrapping key")) == (0, 2), said
    assert {(Path(each) / "keystore.backup").stat().st_mode & 0o777 for each in to} == {0o600}
    assert [sorted(os.listdir(each)) for each in to] == [["keystore.backup"]] * 2
    # Erased after the backup was made, and the ratchet not made yet.
    await past.end()
    await stop(fragile)
    for place in to:
        with another_key_store(fragile, certificates, databases) as vault:
            past.vault = vault
            status, said = vault.run("keystore", "restore", f"{place}/keystore.backup")
            assert status == 0, said
            assert "was restored from a backup" in await start_not_ready(vault)
            try:
                if place == to[0]:
                    continue
                assert "1 account still had a key" in replay(vault)
                await vault.wait("/ready", 200)
                await past.is_over(grants="live")
            finally:
                await vault.close()


@pytest.mark.promise("S13")
@pytest.mark.long
async def test_a_restored_key_store_is_what_was_backed_up(
    fragile: Vault, certificates: Certificates, databases: Databases, tmp_path: Path
) -> None:
    for _ in range(3):
        await fragile.add_key(new_account())
    await destroy(fragile, new_account())
    to = places(tmp_path)
    assert fragile.run("keystore", "backup", *to)[0] == 0
    before = taken(fragile.keystore)
    with another_key_store(fragile, certificates, databases) as vault:
        assert vault.run("keystore", "restore", f"{to[0]}/keystore.backup")[0] == 0
        assert vault.query("SELECT restored FROM erasure_state", keystore=True) == [(True,)]
        vault.query("UPDATE erasure_state SET restored = false", keystore=True)
        after = taken(vault.keystore)
    assert {table: len(rows) for table, rows in after.items()} == {
        table: len(rows) for table, rows in before.items()
    }
    assert after == before


@pytest.mark.long
async def test_what_cannot_be_restored_is_refused_in_a_sentence(
    stopped_vault: Vault, certificates: Certificates, databases: Databases, tmp_path: Path
) -> None:
    live = stopped_vault
    live.settings |= RATCHET_AT_ONCE
    await live.initialise()
    await live.start()
    to = places(tmp_path)
    backup = Path(to[0]) / "keystore.backup"
    try:
        account = new_account()
        await live.add_key(account)
        assert live.run("keystore", "backup", *to)[0] == 0
        assert live.run("keystore", "backup", to[0], to[0]) == (
            2,
            "the two directories are the same: losing it would lose the backup\n",
        )
        with another_key_store(live, certificates, databases) as vault:

            def refused() -> str:
                status, said = vault.run("keystore", "restore", str(backup))
                assert status == 1, said
                assert len(said.splitlines()) == 1
                assert not vault.query("SELECT 1 FROM installation", keystore=True)
                return said

            kept = backup.read_bytes()
            backup.write_bytes(kept[:-1])
            assert "damaged" in refused()
            backup.write_bytes(b"not a backup")
            assert "not a backup of a key store" in refused()
            backup.write_bytes(kept)
            root = vault.files.root_key.read_bytes()
            vault.files.root_key.unlink()
            assert "the root key cannot be read" in refused()
            vault.files.root_key.write_bytes(os.urandom(32))
            vault.files.root_key.chmod(0o400)
            assert "this needs root key root-" in refused()
            vault.files.root_key.unlink()
            vault.files.root_key.write_bytes(root)
            vault.files.root_key.chmod(0o400)
            # The same backup once the wrapping key has moved on.
            await destroy(live, account)
            await has_moved_on(live, 2)
            assert (
                "version 1 of the wrapping key, which was destroyed when version 2 replaced it" in refused()
            )
        status, said = live.run("keystore", "restore", str(backup))
        assert (status, "not empty" in said) == (1, True)
    finally:
        await live.close()


@pytest.mark.long
@pytest.mark.promise("S13")
async def test_the_vault_replaces_its_backups_after_a_ratchet(stopped_vault: Vault, tmp_path: Path) -> None:
    vault, to = stopped_vault, places(tmp_path)
    vault.settings |= RATCHET_AT_ONCE | {"SMELT_VAULT_KEYSTORE_BACKUP_DIRS": ",".join(to)}
    await vault.initialise()
    await vault.start()

    async def backed_up(version: int) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while any(version_of(Path(place) / "keystore.backup") != version for place in to):
                await asyncio.sleep(0.05)

    try:
        await backed_up(1)
        account = new_account()
        await vault.add_key(account)
        await destroy(vault, account)
        await has_moved_on(vault, 2)
        await backed_up(2)
        assert ledger(vault)[-1]["account"] == account
        assert [sorted(os.listdir(each)) for each in to] == [["keystore.backup"]] * 2
    finally:
        await vault.close()


async def test_a_new_account_is_in_every_backup_within_seconds(stopped_vault: Vault, tmp_path: Path) -> None:
    """The hour between two backups is no answer: what an account stored is lost without its key."""
    vault, to = stopped_vault, places(tmp_path)
    vault.settings |= {
        "SMELT_VAULT_KEYSTORE_BACKUP_DIRS": ",".join(to),
        "SMELT_VAULT_KEYSTORE_BACKUP_GATHER_SECONDS": "1",
    }
    await vault.initialise()
    await vault.start()
    try:
        for _ in range(2):
            account = new_account()
            await create_data_key(vault, account)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not all(account in told(vault, Path(place) / "keystore.backup") for place in to):
                    await asyncio.sleep(0.05)
    finally:
        await vault.close()


def told(vault: Vault, backup: Path) -> str:
    """Return what a backup holds, opened with the root key; nothing while there is none."""
    try:
        with backup.open("rb") as file:
            header = read_header(file)
            root = RootKeyFile(vault.files.root_key).load(header.root_key_id)
            return b"\n".join(read(file, header, root)).decode()
    except FileNotFoundError:
        return ""


def version_of(backup: Path) -> int:
    """Return which version of the wrapping key a backup takes; 0 while there is none."""
    try:
        return int.from_bytes(backup.read_bytes()[5:13], "big")
    except FileNotFoundError:
        return 0


def test_one_place_for_backups_is_not_enough(stopped_vault: Vault, tmp_path: Path) -> None:
    status, said = stopped_vault.run("serve", SMELT_VAULT_KEYSTORE_BACKUP_DIRS=f"{tmp_path},{tmp_path}")
    assert (status, said.split(":")[0]) == (2, "SMELT_VAULT_KEYSTORE_BACKUP_DIRS")
