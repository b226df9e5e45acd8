"""Reading and making audit chains as the vault does, with its key."""

from collections.abc import AsyncIterator
from dataclasses import replace

from smelt.vault.v1 import audit_pb2

from services.vault.audit.chain import Chain, Record
from services.vault.databases import Stores
from services.vault.keys.store import KeyStore
from services.vault.keys.unseal import unseal
from services.vault.keys.wrapping_file import WrappingFile
from services.vault.root.key import RootKeyFile
from tests.integration.vault.vault_process import Vault
from tests.support.patience import PATIENCE_SECONDS

COLUMNS = "chain, seq, time, account, object, action, outcome, body, mac"


async def chain_of(vault: Vault) -> Chain:
    """Return the rule of the vault's chains, with its key."""
    stores = Stores.at(vault.database.url, vault.keystore.url)
    try:
        opened = await unseal(
            KeyStore(stores.keystore),
            RootKeyFile(vault.files.root_key),
            WrappingFile(vault.files.wrapping_key),
        )
        return Chain(opened.installation.id, opened.system_keys.audit)
    finally:
        await stores.close()


def records(vault: Vault, slot: str = "0") -> list[Record]:
    found = vault.query(f"SELECT {COLUMNS} FROM audit_records WHERE chain = %s ORDER BY seq", slot)
    return [Record(*row) for row in found]


def first_bad(chain: Chain, found: list[Record], slot: str = "0") -> int | None:
    """Return the sequence number of the first record that does not follow; None when all do."""
    before = chain.genesis(slot)
    for record in found:
        if record.seq != before.seq + 1 or not chain.follows(record, before.mac):
            return record.seq
        before = replace(before, seq=record.seq, mac=record.mac)
    return None


async def findings(vault: Vault) -> list[tuple[str, int, str]]:
    """Have the vault verify its log; return what it finds."""

    async def nothing() -> AsyncIterator[audit_pb2.VerifyAuditRequest]:
        yield audit_pb2.VerifyAuditRequest()

    said = [each async for each in vault.audit_operator().VerifyAudit(nothing(), timeout=PATIENCE_SECONDS)]
    assert said[-1].HasField("summary")
    found = [each.finding for each in said if each.HasField("finding")]
    assert said[-1].summary.findings == len(found)
    return [(each.chain, each.seq, each.what) for each in found]
