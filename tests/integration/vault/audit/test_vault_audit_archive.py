"""Months of the audit log that are written to files and dropped, and a chain that goes on across them."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from services.vault.audit.actions import Action
from services.vault.audit.chain import Event, Head, Record
from services.vault.audit.store.whole_log import partition
from tests.integration.vault.audit.test_vault_audit_verify import use, verify
from tests.integration.vault.audit_tools import COLUMNS, chain_of, findings, records
from tests.integration.vault.vault_process import Vault

MONTHS = ("2026-03", "2026-04", "2026-05")


async def fill(vault: Vault, slot: str = "0") -> dict[str, list[Record]]:
    """Write three old months of a chain as a vault would have."""
    chain = await chain_of(vault)
    head: Head = chain.genesis(slot)
    written: dict[str, list[Record]] = {}
    with psycopg.connect(vault.database.conninfo, autocommit=True) as connection:
        for month in MONTHS:
            year, number = int(month[:4]), int(month[5:])
            connection.execute("SET timezone = 'UTC'")
            connection.execute(
                f"CREATE TABLE IF NOT EXISTS {partition(month)} PARTITION OF"
                f" audit_records FOR VALUES FROM ('{month}-01') TO ('{year}-{number + 1:02}-01')".encode()
            )
            made = [
                chain.append(
                    head,
                    Event("someone", "apiKeys/k", Action.RELEASE_API_KEY, "released", {"row": n}),
                    datetime(year, number, 2 + n // 100, tzinfo=UTC),
                )
                for n in range(1200)
            ]
            written[month] = made
            with connection.cursor().copy(f"COPY audit_records ({COLUMNS}) FROM STDIN".encode()) as copy:
                for each in made:
                    copy.write_row(
                        (each.chain, each.seq, each.time, each.account, each.object, each.action,
                         each.outcome, each.body, each.mac)
                    )  # fmt: skip
        connection.execute("INSERT INTO audit_heads VALUES (%s, %s, %s)", (slot, head.seq, head.mac))
    return written


def archive(vault: Vault, month: str, folder: Path) -> tuple[int, str]:
    return vault.run("audit", "archive", month, "--to", str(folder), identity="operator")


@pytest.fixture
async def old(stopped_vault: Vault) -> Vault:
    """A vault whose two chains are three months old, not started."""
    await stopped_vault.initialise()
    await fill(stopped_vault)
    await fill(stopped_vault, "1")
    return stopped_vault


@pytest.mark.long
@pytest.mark.promise("S10")
async def test_a_month_is_archived_and_the_chain_goes_on_across_it(old: Vault, tmp_path: Path) -> None:
    await old.start()
    try:
        await use(old, 5)
        # Not before its turn, and not the month that is running.
        for month in (MONTHS[1], f"{datetime.now(UTC):%Y-%m}", "2020-01"):
            status, said = archive(old, month, tmp_path)
            assert status == 1
            assert said.startswith("AUDIT_MONTH_KEPT"), said
        for month in MONTHS[:2]:
            status, said = archive(old, month, tmp_path)
            assert status == 0, said
            # Killed after the month was gone and before anybody was told: the same again.
            assert archive(old, month, tmp_path)[0] == 0
        assert {record.time.month for record in records(old)} == {5, datetime.now(UTC).month}
        file = tmp_path / "audit-2026-03.jsonl"
        lines = [json.loads(line) for line in file.read_text().splitlines()]
        assert [(line["chain"], line["seq"]) for line in lines] == [
            (chain, seq) for chain in "01" for seq in range(1, 1201)
        ]
        status, said = verify(old, "--archives", str(tmp_path))
        assert (status, "4800 archived" in said) == (0, True), said
        # The chain goes on, also over a new start.
        await old.kill()
        await old.start()
        await use(old, 5)
        assert await findings(old) == []
        # A file that is not what was archived, and records that are missing beside what was.
        file.write_bytes(file.read_bytes().replace(b'"row\\":7}', b'"row\\":8}'))
        status, said = verify(old, "--archives", str(tmp_path))
        assert (status, "chain 0 record 1: the file of 2026-03 is not" in said) == (2, True), said
        old.query("DELETE FROM audit_records WHERE chain = '0' AND seq = 2401")
        assert await findings(old) == [("0", 2401, "missing: the next one is 2402")]
    finally:
        await old.close()


@pytest.mark.long
async def test_a_month_that_was_edited_or_copied_badly_is_kept(old: Vault, tmp_path: Path) -> None:
    await old.start()
    try:
        (tmp_path / "audit-2026-03.jsonl").write_text("something else\n")
        status, said = archive(old, MONTHS[0], tmp_path)
        assert (status, said.split(":")[0]) == (1, "AUDIT_ARCHIVE_DIFFERS")
        (tmp_path / "audit-2026-03.jsonl").unlink()
        for edit, seq in (
            ("UPDATE audit_records SET account = 'x' WHERE chain = '1' AND seq = 700", 700),
            ("DELETE FROM audit_records WHERE chain = '0' AND seq = 1200", 1200),
        ):
            old.query("UPDATE audit_records SET account = 'someone' WHERE account = 'x'")
            old.query(edit)
            status, said = archive(old, MONTHS[0], tmp_path)
            assert (status, said.split(":")[0]) == (1, "AUDIT_DAMAGED")
            assert f"record {seq} " in said
            (tmp_path / "audit-2026-03.jsonl").unlink()
        assert len(records(old, "1")) == 3600
        assert not (old.files.ledger / "archives.jsonl").exists()
    finally:
        await old.close()


@pytest.mark.long
async def test_a_month_is_not_dropped_while_the_log_is_being_read(old: Vault, tmp_path: Path) -> None:
    await old.start()
    lock = "SELECT pg_advisory_lock_shared(hashtextextended('smelt/audit/archive', 0))"
    try:
        with psycopg.connect(old.database.conninfo, autocommit=True) as reader:
            reader.execute(lock)
            status, said = archive(old, MONTHS[0], tmp_path)
            assert (status, said.split(":")[0]) == (1, "AUDIT_BUSY")
            assert len(records(old)) >= 3600
        assert archive(old, MONTHS[0], tmp_path)[0] == 0
    finally:
        await old.close()


async def test_verifying_many_records_lets_releases_through(old: Vault) -> None:
    await old.start()
    try:
        verifying = asyncio.ensure_future(findings(old))
        await use(old, 50)
        assert await verifying == []
    finally:
        await old.close()
