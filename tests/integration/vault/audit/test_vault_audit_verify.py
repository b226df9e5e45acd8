"""The verifier: every way of editing the log is named, and what was not edited is left in peace."""

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.integration.vault.audit_tools import findings, records
from tests.integration.vault.vault_process import SECRET, Vault, new_account, worker
from tests.support.patience import PATIENCE_SECONDS


def verify(vault: Vault, *arguments: str) -> tuple[int, str]:
    """Run `audit verify` as an operator does."""
    return vault.run("audit", "verify", *arguments, identity="operator")


async def use(vault: Vault, rows: int = 20) -> None:
    """Have a vault release a key so often."""
    account = new_account()
    key = await vault.add_key(account)
    grant = (await vault.grant(account, key.name)).token
    async with worker(vault) as stream:
        assert await stream.outcomes(grant, range(1, rows + 1)) == [SECRET] * rows


@pytest.fixture
async def two(fragile: Vault) -> AsyncIterator[tuple[Vault, Vault]]:
    """Two replicas over the same stores that have both released keys, and have signed where they are."""
    other = replace(fragile, slot="1", address="", health="", process=None, _channels={})
    await other.start()
    try:
        for vault in (fragile, other):
            await use(vault)
            await reaches(vault, len(records(vault, vault.slot)), vault.slot)
        yield fragile, other
    finally:
        await other.close()


def reach(vault: Vault, chain: str = "0") -> int:
    """Return the record that the last checkpoint of a chain names."""
    ledger = vault.files.ledger / f"checkpoints-{chain}.jsonl"
    lines = ledger.read_text().splitlines() if ledger.exists() else []
    return int(json.loads(lines[-1])["seq"]) if lines else 0


async def reaches(vault: Vault, seq: int, chain: str = "0") -> None:
    """Return when a checkpoint names this record or a later one."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while reach(vault, chain) < seq:
            await asyncio.sleep(0.02)


async def ships(vault: Vault, seq: int) -> None:
    """Return when the log says so too; a line is written there after the ledger's."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while f'"seq":{seq},' not in vault.log().rpartition("audit.statement")[2]:
            await asyncio.sleep(0.02)


class Saved:
    """The audit tables of a vault, as they are now, to be put back after an edit."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        for table in ("audit_records", "audit_heads"):
            vault.query(f"CREATE TABLE saved_{table} AS SELECT * FROM {table}")

    def put_back(self) -> None:
        for table in ("audit_records", "audit_heads"):
            self._vault.query(f"DELETE FROM {table}")
            self._vault.query(f"INSERT INTO {table} SELECT * FROM saved_{table}")


# Each edit with the record that the verifier has to name; `{n}` is a record in the middle, `{last}` the last.
EDITS = {
    "altered": ("UPDATE audit_records SET outcome = 'refused' WHERE chain = '0' AND seq = {n}", 0),
    "given to another account": ("UPDATE audit_records SET account = 'x' WHERE chain = '0' AND seq = {n}", 0),
    "said otherwise": ("UPDATE audit_records SET body = '{{}}' WHERE chain = '0' AND seq = {n}", 0),
    "moved in time": (
        "UPDATE audit_records SET time = time + interval '1 second' WHERE chain = '0' AND seq = {n}",
        0,
    ),
    "reordered": (
        "UPDATE audit_records SET seq = {n} + {n} + 1 - seq WHERE chain = '0' AND seq IN ({n}, {n} + 1)",
        0,
    ),
    "dropped": ("DELETE FROM audit_records WHERE chain = '0' AND seq = {n}", 0),
    "dropped and renumbered": (
        "DELETE FROM audit_records WHERE chain = '0' AND seq = {n};"
        "UPDATE audit_records SET seq = seq - 1 WHERE chain = '0' AND seq > {n}",
        0,
    ),
    "added": (
        "INSERT INTO audit_records SELECT chain, seq, time + interval '1 second', account, object, action,"
        " outcome, body, mac FROM audit_records WHERE chain = '0' AND seq = {n}",
        0,
    ),
    "cut off": ("DELETE FROM audit_records WHERE chain = '0' AND seq >= {n}", 0),
    "cut off with its head": (
        "DELETE FROM audit_records WHERE chain = '0' AND seq >= {n};"
        "UPDATE audit_heads h SET seq = r.seq, mac = r.mac FROM audit_records r"
        " WHERE h.chain = '0' AND r.chain = '0' AND r.seq = {n} - 1",
        0,
    ),
    "taken from another chain": (
        "UPDATE audit_records a SET account = b.account, object = b.object, action = b.action, outcome ="
        " b.outcome, body = b.body, time = b.time, mac = b.mac FROM audit_records b"
        " WHERE a.chain = '0' AND a.seq = {n} AND b.chain = '1' AND b.seq = {n}",
        0,
    ),
    "the whole chain gone": ("DELETE FROM audit_records WHERE chain = '0'", 1),
    "the whole chain gone with its head": (
        "DELETE FROM audit_records WHERE chain = '0'; DELETE FROM audit_heads WHERE chain = '0'",
        1,
    ),
    "its head gone": ("DELETE FROM audit_heads WHERE chain = '0'", "last + 1"),
    "its head altered": ("UPDATE audit_heads SET mac = '\\x00' WHERE chain = '0'", "last + 1"),
}


@pytest.mark.promise("S10")
async def test_every_edit_of_the_audit_tables_is_named_with_its_first_bad_record(
    two: tuple[Vault, Vault],
) -> None:
    vault, _ = two
    status, said = verify(vault)
    assert (status, "no findings" in said) == (0, True), said
    last = len(records(vault))
    n = last // 2
    saved = Saved(vault)
    # Who has all rights is not held by constraints either.
    vault.query("ALTER TABLE audit_records DROP CONSTRAINT audit_records_pkey")
    for name, (edit, first) in EDITS.items():
        for statement in edit.format(n=n, last=last).split(";"):
            vault.query(statement)
        bad = {0: n, 1: 1, "last + 1": last + 1}[first]
        # The other chain is not to blame.
        assert [(chain, seq) for chain, seq, _ in await findings(vault)] == [("0", bad)], name
        if name == "altered":
            status, said = verify(vault)
            assert status == 2
            assert said.startswith(f"chain 0 record {n}: altered, moved, or not written by the vault\n")
        saved.put_back()
    assert await findings(vault) == []


@pytest.mark.long
@pytest.mark.promise("S10")
async def test_an_edited_checkpoint_is_named_and_a_shipped_one_shows_what_was_cut(fragile: Vault) -> None:
    await use(fragile)
    shipped = fragile.files.directory / "shipped.log"
    await ships(fragile, len(records(fragile)))
    shipped.write_text(fragile.log())
    ledger = fragile.files.ledger / "checkpoints-0.jsonl"
    lines = ledger.read_text().splitlines(keepends=True)
    assert len(lines) > 2
    for edited in (
        lines[1].replace('"seq":', '"seq":1'),
        lines[1].replace('"chain":"0"', '"chain":"7"'),
        "nonsense\n",
    ):
        ledger.write_text("".join([lines[0], edited, *lines[2:]]))
        ((_, _, what),) = await findings(fragile)
        assert what.startswith("checkpoints-0.jsonl line 2 ")
    # All that the volume and the database know of the end is cut off; a line shipped elsewhere still tells.
    keep = json.loads(lines[1])["seq"]
    ledger.write_text("".join(lines[:2]))
    last = len(records(fragile))
    fragile.query("DELETE FROM audit_records WHERE seq > %s", keep)
    fragile.query(
        "UPDATE audit_heads h SET seq = r.seq, mac = r.mac FROM audit_records r WHERE r.seq = %s", keep
    )
    assert await findings(fragile) == [], "without the shipped lines nothing can be seen"
    status, said = verify(fragile, "--checkpoints", str(shipped))
    assert status == 2
    assert said.startswith(f"chain 0 record {keep + 1}: cut off: a checkpoint knows record {last}"), said


@pytest.mark.long
async def test_checkpoints_are_checked_elsewhere_with_the_public_key_alone(
    fragile: Vault, tmp_path: Path
) -> None:
    await use(fragile)
    status, printed = fragile.run("audit", "public-key", identity="operator")
    assert status == 0
    keys, shipped = tmp_path / "public-key", tmp_path / "shipped.log"
    keys.write_text(printed)
    shipped.write_text(fragile.log())
    assert len(re.findall("audit.statement", fragile.log())) > 2
    status, said = fragile.run("audit", "check", str(shipped), "--public-key", str(keys))
    assert (status, "chain 0 to record" in said) == (0, True), said
    shipped.write_text(fragile.log().replace('"seq":2', '"seq":3'))
    assert fragile.run("audit", "check", str(shipped), "--public-key", str(keys))[0] == 2


async def test_only_so_many_records_or_seconds_go_without_a_checkpoint(stopped_vault: Vault) -> None:
    vault = stopped_vault
    await vault.initialise()
    vault.settings["SMELT_AUDIT_CHECKPOINT_RECORDS"] = "30"
    vault.settings["SMELT_AUDIT_CHECKPOINT_SECONDS"] = "1"
    await vault.start()
    try:
        # The first record of a chain has one at once; the next few after a second; very many before it.
        await reaches(vault, 1)
        await use(vault, 5)
        await reaches(vault, len(records(vault)))
        await use(vault, 60)
        await reaches(vault, len(records(vault)) - 30)
    finally:
        await vault.kill(signal.SIGTERM)
    # What is left is said at the end.
    assert reach(vault) == len(records(vault))


@pytest.mark.promise("S10")
@pytest.mark.long
async def test_a_database_that_was_put_back_begins_another_chain_instead_of_a_fork(fragile: Vault) -> None:
    await use(fragile)
    keep = len(records(fragile))
    saved = Saved(fragile)
    await use(fragile)
    last = len(records(fragile))
    await reaches(fragile, last)
    await fragile.kill()
    saved.put_back()
    await fragile.start()
    await use(fragile, 3)
    assert len(records(fragile)) == keep
    assert len(records(fragile, "0.2")) >= 4
    assert await findings(fragile) == [("0", keep + 1, f"cut off: a checkpoint knows record {last}")]


async def test_a_full_ledger_volume_stops_no_release_and_is_told(fragile: Vault) -> None:
    ledger = fragile.files.ledger / "checkpoints-0.jsonl"
    content = ledger.read_bytes()
    ledger.unlink()
    ledger.mkdir()
    await use(fragile, 3)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while "audit.checkpoint_failed" not in fragile.log():
            await asyncio.sleep(0.02)
    ledger.rmdir()
    ledger.write_bytes(content)
    await reaches(fragile, len(records(fragile)))
    assert await findings(fragile) == []
