"""Databases that come back from the past: the vault is not ready until it has forgotten again."""

import asyncio
import itertools
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import orjson
import pytest
from smelt.vault.v1 import api_keys_pb2, operator_pb2, signing_pb2

from tests.integration.vault.erasure.test_vault_erasure import create_data_key, destroy, ledger, open_data_key
from tests.integration.vault.vault_process import SECRET, Vault, new_account, reason_of, worker
from tests.support.database_copies import become_another, put_back, taken
from tests.support.long_form import first
from tests.support.patience import PATIENCE_SECONDS
from tests.support.stores import Databases


async def stop(vault: Vault) -> None:
    await vault.kill(signal.SIGTERM)
    # Channels to a process that is gone would have to connect anew first.
    await vault.close()


async def why(vault: Vault) -> str:
    """Return why the vault says that it is not ready."""
    status = await vault.operator().GetVaultStatus(
        operator_pb2.GetVaultStatusRequest(), wait_for_ready=True, timeout=PATIENCE_SECONDS
    )
    assert not status.sealed
    return str(status.not_ready)


async def start_not_ready(vault: Vault) -> str:
    """Start, and return why it is not ready once that is known."""
    await vault.start(ready=False)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while "being compared" in (reason := await why(vault)):
            await asyncio.sleep(0.05)
    assert await vault.probe("/ready") == 503
    return reason


async def refusals(vault: Vault, passport: tuple[tuple[str, str], ...]) -> set[str]:
    """Return the reasons with which sign-ins, data keys, API keys and releases are refused."""
    claims = signing_pb2.PassportClaims(account="a", session="s", scopes=["read"])
    calls = [
        vault.signing().Sign(signing_pb2.SignRequest(passport=claims, lifetime_seconds=60)),
        vault.keys().ListApiKeys(api_keys_pb2.ListApiKeysRequest(), metadata=passport),
        destroy(vault, "a"),
    ]
    reasons = {await reason_of(call) for call in calls}
    # Without a question: when the refusal meets one on its way, grpc's client tells only of that.
    reasons.add(await reason_of(vault.release("processor").ReleaseApiKeys(wait_for_ready=True).read()))
    return reasons


def replay(vault: Vault) -> str:
    status, said = vault.run("erasures", "replay", identity="operator")
    assert status == 0, said
    return said


class Past:
    """An account that was erased and a key that was deleted after copies were taken, and one that lives."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.rows = itertools.count(1)

    async def live(self) -> None:
        vault = self.vault
        self.erased, self.living = new_account(), new_account()
        self.erased_key = await vault.add_key(self.erased)
        self.deleted_key, self.kept_key = [await vault.add_key(self.living) for _ in range(2)]
        self.wrapped = (await create_data_key(vault, self.erased)).wrapped_key
        self.passport = await vault.passport(self.living)
        self.grants = await self.granted()
        self.database, self.keystore = taken(vault.database), taken(vault.keystore)

    async def end(self) -> None:
        vault = self.vault
        await destroy(vault, self.erased)
        await vault.keys().DeleteApiKey(
            api_keys_pb2.DeleteApiKeyRequest(name=self.deleted_key.name), metadata=self.passport
        )

    async def granted(self) -> dict[str, str]:
        """Return a new grant for each key."""
        whose = (
            (self.erased, self.erased_key),
            (self.living, self.deleted_key),
            (self.living, self.kept_key),
        )
        return {key.name: (await self.vault.grant(account, key.name)).token for account, key in whose}

    async def is_over(self, *, grants: Literal["end", "live"] = "end") -> None:
        """Assert that what was erased is dead, and that what was not lives.

        Grants from before the replay end with a database of the past, which does not know their uses.
        """
        vault = self.vault
        if grants == "end":
            async with worker(vault) as stream:
                ended = {await stream.outcome(grant, row=next(self.rows)) for grant in self.grants.values()}
            assert ended == {"GRANT_EXPIRED"}
            self.grants = await self.granted()
        assert await open_data_key(vault, self.erased, self.wrapped) == "ACCOUNT_ERASED"
        async with worker(vault) as stream:
            outcomes = {
                key: await stream.outcome(grant, row=next(self.rows)) for key, grant in self.grants.items()
            }
        assert outcomes == {
            self.erased_key.name: "GRANT_REVOKED",
            self.deleted_key.name: "API_KEY_DELETED",
            self.kept_key.name: SECRET,
        }
        listed = await vault.keys().ListApiKeys(
            api_keys_pb2.ListApiKeysRequest(), metadata=await vault.passport(self.living)
        )
        assert [key.name for key in listed.api_keys] == [self.kept_key.name]
        assert not vault.query("SELECT 1 FROM api_keys WHERE account = %s", self.erased)


@pytest.fixture
async def past(fragile: Vault) -> AsyncIterator[Past]:
    made = Past(fragile)
    await made.live()
    await made.end()
    yield made


@pytest.mark.promise("S13")
@pytest.mark.parametrize("which", first(1, ["both", "keystore", "database"]))
async def test_older_rows_are_not_served_until_the_erasures_were_replayed(past: Past, which: str) -> None:
    vault = past.vault
    await stop(vault)
    if which != "keystore":
        put_back(vault.database, past.database)
    if which != "database":
        put_back(vault.keystore, past.keystore)
    reason = await start_not_ready(vault)
    assert ("database was restored" if which == "database" else "key store was restored") in reason
    assert reason in vault.log()
    assert await refusals(vault, past.passport) == {"VAULT_NOT_READY"}
    status, said = vault.run("status", identity="operator")
    assert (status, reason in said) == (1, True)
    said = replay(vault)
    assert "replayed the erasure of 1 account and 1 API key" in said
    await vault.wait("/ready", 200)
    assert await why(vault) == ""
    await past.is_over(grants="live" if which == "keystore" else "end")
    await stop(vault)
    await vault.start()
    await past.is_over(grants="live")


@pytest.mark.long
@pytest.mark.promise("S13")
@pytest.mark.parametrize("which", first(1, ["database", "keystore"]))
async def test_a_database_read_out_of_a_dump_is_told_by_its_history(
    past: Past, databases: Databases, which: str
) -> None:
    vault = past.vault
    await stop(vault)
    become_another(databases, getattr(vault, which))
    assert "a database was restored or moved" in await start_not_ready(vault)
    replay(vault)
    await vault.wait("/ready", 200)
    await past.is_over(grants="live" if which == "keystore" else "end")


@pytest.mark.promise("S13")
async def test_a_database_restored_under_a_running_vault_is_noticed(past: Past) -> None:
    vault = past.vault
    put_back(vault.database, past.database)
    await vault.wait("/ready", 503)
    assert "database was restored" in await why(vault)
    assert await refusals(vault, past.passport) == {"VAULT_NOT_READY"}
    replay(vault)
    await vault.wait("/ready", 200)
    await past.is_over()


@pytest.mark.promise("S13")
@pytest.mark.long
async def test_a_backup_is_not_replaced_by_a_key_store_from_the_past(past: Past, tmp_path: Path) -> None:
    vault = past.vault
    places = [tmp_path / "first", tmp_path / "second"]
    vault.settings |= {"SMELT_VAULT_KEYSTORE_BACKUP_DIRS": ",".join(map(str, places))}
    await stop(vault)
    put_back(vault.keystore, past.keystore)
    for place in places:
        place.mkdir()
    await start_not_ready(vault)
    assert not any((place / "keystore.backup").exists() for place in places)
    replay(vault)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not all((place / "keystore.backup").exists() for place in places):
            await asyncio.sleep(0.05)


@pytest.mark.promise("S13")
@pytest.mark.long
async def test_another_replica_opens_when_one_has_replayed(past: Past) -> None:
    vault = past.vault
    other = replace(vault, slot="1", address="", health="", process=None, _channels={})
    await stop(vault)
    put_back(vault.keystore, past.keystore)
    try:
        for each in (vault, other):
            assert "key store was restored" in await start_not_ready(each)
        replay(vault)
        for each in (vault, other):
            await each.wait("/ready", 200)
        past.vault = other
        await past.is_over(grants="live")
    finally:
        await other.close()


@pytest.mark.promise("S13")
@pytest.mark.long
async def test_two_replicas_that_destroy_at_once_leave_one_whole_ledger(fragile: Vault) -> None:
    other = replace(fragile, slot="1", address="", health="", process=None, _channels={})
    await other.start()
    try:
        accounts = [new_account() for _ in range(8)]
        for account in accounts:
            await fragile.add_key(account)
        await asyncio.gather(*(destroy(each, account) for account in accounts for each in (fragile, other)))
        assert {e["account"] for e in ledger(fragile) if e["kind"] == "account"} == set(accounts)
        assert [e["seq"] for e in ledger(fragile)] == list(range(1, len(ledger(fragile)) + 1))
        states = fragile.query("SELECT account, state, wrapped FROM account_keys", keystore=True)
        assert sorted(states) == sorted((account, "destroyed", None) for account in accounts)
        for each in (fragile, other):
            await stop(each)
            await each.start()
    finally:
        await other.close()


@pytest.mark.promise("S13")
@pytest.mark.parametrize("edit", first(2, ["cut", "edited", "reordered", "gone"]))
async def test_a_ledger_that_was_tampered_with_is_named(past: Past, edit: str) -> None:
    vault = past.vault
    await stop(vault)
    file = vault.files.ledger / "erasures.jsonl"
    kept = file.read_bytes()
    lines = kept.splitlines(keepends=True)
    assert len(lines) == 3
    match edit:
        case "edited":
            file.write_bytes(kept.replace(past.erased.encode(), past.living.encode()))
        case "cut":
            file.write_bytes(b"".join(lines[:2]))
        case "reordered":
            file.write_bytes(b"".join([lines[0], lines[2], lines[1]]))
        case "gone":
            file.unlink()
    bad = {"edited": 2, "cut": 3, "reordered": 2, "gone": 1}[edit]
    reason = await start_not_ready(vault)
    assert f"Entry {bad} of the erasure ledger" in reason
    assert await refusals(vault, past.passport) == {"VAULT_NOT_READY"}
    status, said = vault.run("erasures", "replay", identity="operator")
    assert (status, said.split(":")[0]) == (1, "LEDGER_DAMAGED")
    file.write_bytes(kept)
    await vault.wait("/ready", 200)
    await past.is_over(grants="live")


@pytest.mark.promise("S13")
async def test_what_a_kill_left_is_finished_by_the_next_start(past: Past) -> None:
    vault = past.vault
    await vault.kill()
    # As if it had died with the tombstones written and nothing else done.
    put_back(vault.database, past.database)
    put_back(vault.keystore, past.keystore)
    file = vault.files.ledger / "erasures.jsonl"
    assert [entry["noted"] for entry in ledger(vault)] == [0, 1, 2]
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
    await vault.start()
    assert not vault.query("SELECT 1 FROM api_keys WHERE account = %s", past.erased)
    assert await open_data_key(vault, past.erased, past.wrapped) == "ACCOUNT_ERASED"


@pytest.mark.long
async def test_the_operator_lists_what_was_erased(past: Past) -> None:
    status, said = past.vault.run("erasures", "list", identity="operator")
    assert status == 0, said
    kinds = [line.split("\t")[2:] for line in said.splitlines()]
    assert kinds[0][0] == "HISTORY"
    assert kinds[1:] == [["ACCOUNT", past.erased], ["API_KEY", past.living, past.deleted_key.name]]
    assert past.vault.run("erasures", "list", identity="auth")[1].startswith("CALLER_NOT_ALLOWED")


async def test_each_entry_is_a_line_of_the_log_from_which_the_ledger_can_be_made_anew(past: Past) -> None:
    assert past.vault.log().count('"event":"erasure.recorded"') == 3
    assert Path(past.vault.files.ledger / "erasures.jsonl").read_text().splitlines() == shipped(past.vault)


def shipped(vault: Vault) -> list[str]:
    """Return the entries in the log, as the operator's page tells to take them out."""
    events = [orjson.loads(line) for line in vault.log().splitlines() if line.startswith("{")]
    return [event["line"] for event in events if event["event"] == "erasure.recorded"]
