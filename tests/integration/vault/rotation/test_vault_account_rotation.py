"""Rotation of account keys: everything readable meanwhile, the old key gone when its owners say so."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
from smelt.vault.v1 import data_keys_pb2, operator_pb2

from tests.integration.vault.vault_process import SECRET, Vault, reason_of, worker
from tests.integration.vault.vault_traffic import CONTEXT, Stored, opens, replica, store, traffic
from tests.support.patience import PATIENCE_SECONDS


@pytest.fixture
async def hasty(stopped_vault: Vault) -> Any:
    """A vault whose retired keys have one second of grace."""
    stopped_vault.settings["SMELT_VAULT_ROTATION_GRACE_SECONDS"] = "1"
    await stopped_vault.initialise()
    await stopped_vault.start()
    yield stopped_vault
    await stopped_vault.close()


async def begin(vault: Vault, account: str = "") -> int:
    """Give the account a new key, or all; return how many got one."""
    wanted = operator_pb2.RotateAccountKeysRequest(account=account)
    answer = await vault.operator().RotateAccountKeys(wanted, timeout=PATIENCE_SECONDS)
    assert answer.done
    return int(answer.rotated)


def epochs(vault: Vault, account: str) -> list[tuple[int, str]]:
    select = "SELECT epoch, state FROM account_keys WHERE account = %s ORDER BY epoch"
    return vault.query(select, account, keystore=True)


async def listed(vault: Vault, caller: str, account: str) -> Any:
    """Return what an owner is told of an account, as soon as it is."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            stub = vault.data_keys(caller)
            answer = await stub.ListRetiringAccounts(
                data_keys_pb2.ListRetiringAccountsRequest(), timeout=PATIENCE_SECONDS
            )
            for each in answer.accounts:
                if each.account == account:
                    return each
            await asyncio.sleep(0.1)


async def rewrapped(vault: Vault, caller: str, account: str, *keys: tuple[Any, bytes]) -> list[bytes]:
    request = data_keys_pb2.RewrapDataKeysRequest(
        account=account,
        keys=[data_keys_pb2.WrappedDataKey(context=context, wrapped_key=key) for context, key in keys],
    )
    return list(
        (await vault.data_keys(caller).RewrapDataKeys(request, timeout=PATIENCE_SECONDS)).wrapped_keys
    )


async def confirm(vault: Vault, caller: str, account: str, epoch: int) -> None:
    request = data_keys_pb2.ConfirmRewrappedRequest(account=account, epoch=epoch)
    await vault.data_keys(caller).ConfirmRewrapped(request, timeout=PATIENCE_SECONDS)


async def until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.1)


async def released(vault: Vault, stored: Stored, claim: int) -> str:
    async with worker(vault) as stream:
        return await stream.outcome(stored.grant, 1, claim=claim)


@pytest.mark.promise("S07")
async def test_an_account_gets_a_new_key_and_the_old_one_goes_when_nothing_needs_it(hasty: Vault) -> None:
    mine, other = await store(hasty), await store(hasty)
    code, said = await asyncio.to_thread(hasty.run, "rotate", "account", mine.account, identity="operator")
    assert (code, said.startswith("gave 1 account a new key")) == (0, True), said
    assert epochs(hasty, mine.account) == [(1, "retired"), (2, "active")]
    assert epochs(hasty, other.account) == [(1, "active")]
    assert await opens(hasty, mine)
    assert await released(hasty, mine, claim=1) == SECRET

    told = await listed(hasty, "files", mine.account)
    assert told.epoch == 2
    assert not mine.wrapped.startswith(told.prefix)
    (anew,) = await rewrapped(hasty, "files", mine.account, (CONTEXT, mine.wrapped))
    assert anew.startswith(told.prefix)
    assert mine.key not in anew
    # Until every owner has confirmed, both open.
    old, mine.wrapped = mine.wrapped, anew
    assert await opens(hasty, mine)
    await confirm(hasty, "files", mine.account, 2)
    assert epochs(hasty, mine.account)[0] == (1, "retired")
    await confirm(hasty, "processor", mine.account, 2)
    await until(lambda: epochs(hasty, mine.account) == [(2, "active")])
    assert await opens(hasty, mine)
    assert await released(hasty, mine, claim=2) == SECRET
    assert hasty.query("SELECT epoch FROM api_keys WHERE account = %s", mine.account) == [(2,)]
    mine.wrapped = old
    assert await reason_of(opens(hasty, mine)) == "DATA_KEY_INVALID"
    actions = "SELECT action FROM audit_records WHERE account = %s AND action LIKE '%%account-key%%'"
    assert {action for (action,) in hasty.query(actions, mine.account)} == {
        "rotate-account-key",
        "destroy-retired-account-keys",
    }


@pytest.mark.promise("S07")
@pytest.mark.long
async def test_all_accounts_rotate_without_a_failed_request(hasty: Vault) -> None:
    before = [await store(hasty) for _ in range(5)]
    async with traffic(hasty, per_second=20) as seen:
        await seen.more(10)
        assert await begin(hasty) >= 15
        await seen.more(10)
        assert await begin(hasty) >= 15
        await seen.more(10)
        for each in (*before, *seen.stored[:10]):
            assert await opens(hasty, each)
        moved = "SELECT count(*) FROM api_keys WHERE account = %s AND epoch = 3"
        await until(lambda: hasty.query(moved, before[0].account) == [(1,)])
        assert await released(hasty, before[0], claim=7) == SECRET
        await seen.more(10)
    assert seen.failures == []


@pytest.mark.promise("S07")
@pytest.mark.long
async def test_killed_while_account_keys_rotate_nothing_is_lost(hasty: Vault) -> None:
    serving = replica(hasty, "1")
    await serving.start()
    try:
        async with traffic(serving, per_second=20) as seen:
            for _ in range(3):
                asked = asyncio.ensure_future(begin(hasty))
                await asyncio.sleep(random.uniform(0, 0.2))
                await hasty.kill()
                await asyncio.gather(asked, return_exceptions=True)
                await hasty.start()
                await seen.more(10)
        assert seen.failures == []
        for vault in (hasty, serving):
            for each in seen.stored[::5]:
                assert await opens(vault, each)
                assert await released(vault, each, claim=random.randrange(10**6, 10**9)) == SECRET
    finally:
        await serving.close()


async def test_an_owner_has_only_its_own_keys_wrapped_anew(hasty: Vault) -> None:
    mine, other = await store(hasty), await store(hasty)
    await begin(hasty, mine.account)
    stolen = rewrapped(hasty, "processor", mine.account, (CONTEXT, mine.wrapped))
    assert await reason_of(stolen) == "DATA_KEY_CONTEXT_INVALID"
    # Another account's key, or one made for another object, comes back as nothing.
    moved = data_keys_pb2.DataKeyContext()
    moved.CopyFrom(CONTEXT)
    moved.object = "files/f2"
    assert await rewrapped(hasty, "files", mine.account, (CONTEXT, other.wrapped), (moved, mine.wrapped)) == [
        b"",
        b"",
    ]
    assert await reason_of(rewrapped(hasty, "auth", mine.account, (CONTEXT, mine.wrapped))) == (
        "CALLER_NOT_ALLOWED"
    )


@pytest.mark.long
async def test_a_confirmation_before_the_grace_is_over_is_void(stopped_vault: Vault) -> None:
    vault = stopped_vault
    await vault.initialise()
    await vault.start()
    try:
        mine = await store(vault)
        await begin(vault, mine.account)
        for owner in ("files", "processor"):
            await confirm(vault, owner, mine.account, 2)
        assert vault.query("SELECT * FROM epoch_confirmations", keystore=True) == []
        vault.query(
            "UPDATE account_keys SET retire_time = now() - interval '2 hours' WHERE epoch = 1", keystore=True
        )
        # One of an epoch that is not the active one is as void.
        await confirm(vault, "files", mine.account, 1)
        assert vault.query("SELECT * FROM epoch_confirmations WHERE owner = 'files'", keystore=True) == []
        await confirm(vault, "files", mine.account, 2)
        assert epochs(vault, mine.account)[0] == (1, "retired")
        assert await opens(vault, mine)
    finally:
        await vault.close()


async def test_an_erased_account_gets_no_new_key(hasty: Vault) -> None:
    mine = await store(hasty)
    erase = "UPDATE account_keys SET state = 'destroyed', wrapped = NULL WHERE account = %s"
    hasty.query(erase, mine.account, keystore=True)
    assert await begin(hasty, mine.account) == 0
    assert epochs(hasty, mine.account) == [(1, "destroyed")]
    request = rewrapped(hasty, "files", mine.account, (CONTEXT, mine.wrapped))
    assert await reason_of(request) == "ACCOUNT_ERASED"


@pytest.mark.long
@pytest.mark.promise("S06")
async def test_an_account_key_rotates_by_itself_at_half_its_life(fragile: Vault) -> None:
    mine, other = await store(fragile), await store(fragile)
    use = "UPDATE account_keys SET uses = %s WHERE account = %s"
    fragile.query(use, 2**31 - 1, other.account, keystore=True)
    fragile.query(use, 2**31, mine.account, keystore=True)
    await fragile.kill()
    await fragile.start()
    await until(lambda: epochs(fragile, mine.account) == [(1, "retired"), (2, "active")])
    assert epochs(fragile, other.account) == [(1, "active")]
    assert await opens(fragile, mine)


@pytest.mark.long
@pytest.mark.promise("S06")
async def test_an_account_key_that_is_used_up_seals_nothing_until_it_is_rotated(fragile: Vault) -> None:
    mine = await store(fragile)
    use = "UPDATE account_keys SET uses = %s WHERE account = %s"
    fragile.query(use, 2**32 - 1, mine.account, keystore=True)
    two = rewrapped(fragile, "files", mine.account, (CONTEXT, mine.wrapped), (CONTEXT, mine.wrapped))
    assert await reason_of(two) == "ACCOUNT_KEY_EXHAUSTED"
    assert len(await rewrapped(fragile, "files", mine.account, (CONTEXT, mine.wrapped))) == 1
    assert await reason_of(store(fragile, mine.account)) == "ACCOUNT_KEY_EXHAUSTED"
    assert await opens(fragile, mine)
    await begin(fragile, mine.account)
    assert (await store(fragile, mine.account)).account == mine.account
