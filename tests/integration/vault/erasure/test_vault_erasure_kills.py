"""The vault killed while it destroys accounts: the next start finishes what has a tombstone."""

import asyncio
import itertools

import grpc
import pytest

from tests.integration.vault.erasure.test_vault_erasure import create_data_key, destroy, ledger, open_data_key
from tests.integration.vault.vault_process import Vault, new_account
from tests.support.long_form import first
from tests.support.patience import PATIENCE_SECONDS

#: At how many tombstones of each round the vault is killed.
KILLED_AT = first(1, [(1, 4), (2, 7)])


async def destroyed(vault: Vault, account: str) -> bool:
    """Destroy an account; tell whether the vault lived to answer."""
    try:
        await destroy(vault, account)
    except grpc.aio.AioRpcError as error:
        assert error.code() is grpc.StatusCode.UNAVAILABLE, error.details()
        return False
    return True


def entombed(vault: Vault) -> set[str]:
    return {entry["account"] for entry in ledger(vault) if entry["kind"] == "account"}


@pytest.mark.promise("S13")
@pytest.mark.parametrize(("one", "other"), KILLED_AT)
async def test_whatever_was_begun_when_the_vault_was_killed_is_finished(
    fragile: Vault, one: int, other: int
) -> None:
    vault = fragile
    wrapped: dict[str, bytes] = {}
    for killed_at in (one, other):
        accounts = [new_account() for _ in range(8)]
        for account in accounts:
            await vault.add_key(account)
            wrapped[account] = (await create_data_key(vault, account)).wrapped_key
        before = len(entombed(vault))
        calls = [asyncio.ensure_future(destroyed(vault, account)) for account in accounts]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(entombed(vault)) - before < killed_at:
                await asyncio.sleep(0)
        await vault.kill()
        answered = [
            account for account, done in zip(accounts, await asyncio.gather(*calls), strict=True) if done
        ]
        await vault.close()
        assert set(answered) <= entombed(vault)
        await vault.start()
        # Ready means finished: what has a tombstone is dead, and nothing else.
        for account in accounts:
            dead = account in entombed(vault)
            assert (await open_data_key(vault, account, wrapped[account]) == "ACCOUNT_ERASED") == dead
            rows = vault.query("SELECT 1 FROM api_keys WHERE account = %s", account)
            assert bool(rows) != dead
        for account in accounts:
            await destroy(vault, account)
    assert entombed(vault) == wrapped.keys()
    states = vault.query("SELECT account, state, wrapped FROM account_keys", keystore=True)
    assert sorted(states) == sorted((account, "destroyed", None) for account in wrapped)
    seqs = [entry["seq"] for entry in ledger(vault)]
    assert seqs == list(itertools.islice(itertools.count(1), len(seqs)))
