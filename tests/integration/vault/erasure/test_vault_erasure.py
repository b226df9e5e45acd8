"""Destroying an account's key: from then on nothing of the account opens, on any replica, by any way."""

import asyncio
from typing import Any

import orjson
import pytest
from smelt.vault.v1 import api_keys_pb2, data_keys_pb2, erasure_pb2, operator_pb2

from tests.integration.vault.vault_process import (
    PRIVATE_URL,
    SECRET,
    Vault,
    new_account,
    reason_of,
    worker,
)

CONTEXT = data_keys_pb2.DataKeyContext(purpose="FILE", object="files/f1", generation=1)


async def destroy(vault: Vault, account: str) -> erasure_pb2.DestroyAccountKeyResponse:
    answer: erasure_pb2.DestroyAccountKeyResponse = await vault.erasure().DestroyAccountKey(
        erasure_pb2.DestroyAccountKeyRequest(account=account)
    )
    return answer


async def create_data_key(vault: Vault, account: str) -> Any:
    return await vault.data_keys().CreateDataKey(
        data_keys_pb2.CreateDataKeyRequest(context=CONTEXT), metadata=await vault.passport(account)
    )


async def open_data_key(vault: Vault, account: str, wrapped: bytes) -> str:
    """Try to open a data key; return why not."""
    return await reason_of(
        vault.data_keys().OpenDataKey(
            data_keys_pb2.OpenDataKeyRequest(context=CONTEXT, wrapped_key=wrapped),
            metadata=await vault.passport(account),
        )
    )


def ledger(vault: Vault) -> list[dict[str, Any]]:
    # What stands behind the last line's end is still being written.
    *lines, _ = (vault.files.ledger / "erasures.jsonl").read_bytes().split(b"\n")
    return [orjson.loads(line) for line in lines]


@pytest.mark.promise("S13")
@pytest.mark.promise("S12")
async def test_nothing_of_an_account_opens_once_its_key_is_destroyed(vault: Vault) -> None:
    account, other = new_account(), new_account()
    mine, theirs = [await vault.add_key(each) for each in (account, other)]
    grants = [(await vault.grant(account, mine.name)).token for _ in range(2)]
    others_grant = (await vault.grant(other, theirs.name)).token
    wrapped = (await create_data_key(vault, account)).wrapped_key
    others_wrapped = (await create_data_key(vault, other)).wrapped_key
    async with worker(vault) as stream:
        # One grant was used before, the other comes for the first time after.
        assert await stream.outcome(grants[0], row=1) == SECRET
        answer = await destroy(vault, account)
        assert answer.HasField("destroy_time")
        assert {await stream.outcome(grant, row=2) for grant in grants} == {"GRANT_REVOKED"}
        assert await stream.outcome(others_grant, row=1) == SECRET
    assert await open_data_key(vault, account, wrapped) == "ACCOUNT_ERASED"
    assert await open_data_key(vault, other, others_wrapped) == ""
    assert await reason_of(create_data_key(vault, account)) == "ACCOUNT_ERASED"
    assert await reason_of(vault.add_key(account)) == "ACCOUNT_ERASED"
    listed = await vault.keys().ListApiKeys(
        api_keys_pb2.ListApiKeysRequest(), metadata=await vault.passport(account)
    )
    assert not listed.api_keys
    assert vault.query(
        "SELECT epoch, state, wrapped FROM account_keys WHERE account = %s", account, keystore=True
    ) == [(1, "destroyed", None)]
    (entry,) = [each for each in ledger(vault) if each["account"] == account]
    assert entry["kind"] == "account"


@pytest.mark.promise("S13")
async def test_rows_that_come_back_after_the_destruction_do_not_open(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    kept = vault.query("SELECT * FROM api_keys WHERE account = %s", account)
    grant = (await vault.grant(account, key.name)).token
    await destroy(vault, account)
    vault.query("DELETE FROM ended_accounts WHERE account = %s", account)
    vault.query(f"INSERT INTO api_keys VALUES ({', '.join(['%s'] * len(kept[0]))})", *kept[0])
    async with worker(vault) as stream:
        assert await stream.outcome(grant) == "API_KEY_DELETED"
        vault.query("UPDATE objects SET deleted = false WHERE account = %s", account, keystore=True)
        assert await stream.outcome(grant) == "API_KEY_DELETED"


@pytest.mark.promise("S13")
async def test_an_ended_account_spends_nothing_of_the_operators(vault: Vault) -> None:
    await vault.operator().SetManagedApiKey(
        operator_pb2.SetManagedApiKeyRequest(secret=SECRET, base_url=PRIVATE_URL)
    )
    account = new_account()
    grant = (await vault.grant(account, "apiKeys/managed")).token
    await destroy(vault, account)
    async with worker(vault) as stream:
        assert await stream.outcome(grant) == "GRANT_REVOKED"


@pytest.mark.promise("S13")
async def test_an_account_that_never_had_a_key_never_gets_one(vault: Vault) -> None:
    account = new_account()
    first = await destroy(vault, account)
    assert await reason_of(vault.add_key(account)) == "ACCOUNT_ERASED"
    assert await destroy(vault, account) == first


@pytest.mark.promise("S13")
async def test_keys_that_are_being_added_do_not_outlive_the_destruction(vault: Vault) -> None:
    for _ in range(5):
        account = new_account()
        passport = await vault.passport(account)
        adding = [
            reason_of(
                vault.keys().CreateApiKey(
                    api_keys_pb2.CreateApiKeyRequest(secret=SECRET, base_url=PRIVATE_URL), metadata=passport
                )
            )
            for _ in range(8)
        ]
        *reasons, _ = await asyncio.gather(*adding, destroy(vault, account))
        assert set(reasons) <= {"", "ACCOUNT_ERASED"}
        assert not vault.query("SELECT 1 FROM api_keys WHERE account = %s", account)
        states = vault.query("SELECT state FROM account_keys WHERE account = %s", account, keystore=True)
        assert {state for (state,) in states} == {"destroyed"}


@pytest.mark.promise("S12")
async def test_a_deleted_api_key_has_a_tombstone(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    await vault.keys().DeleteApiKey(
        api_keys_pb2.DeleteApiKeyRequest(name=key.name), metadata=await vault.passport(account)
    )
    (entry,) = [each for each in ledger(vault) if each["account"] == account]
    assert (entry["kind"], entry["object"]) == ("api-key", key.name)


async def test_without_a_ledger_nothing_is_erased(fragile: Vault) -> None:
    vault, account = fragile, new_account()
    key = await vault.add_key(account)
    wrapped = (await create_data_key(vault, account)).wrapped_key
    away = vault.files.ledger.rename(vault.files.directory / "away")
    assert await reason_of(destroy(vault, account)) == "LEDGER_UNAVAILABLE"
    assert await open_data_key(vault, account, wrapped) == ""
    away.rename(vault.files.directory / "ledger")
    await destroy(vault, account)
    assert not vault.query("SELECT 1 FROM api_keys WHERE id = %s", key.name.removeprefix("apiKeys/"))


@pytest.mark.parametrize("account", ["", "operator", "UPPER", "a/b", "x" * 65])
async def test_what_is_no_persons_account_cannot_be_destroyed(vault: Vault, account: str) -> None:
    assert await reason_of(destroy(vault, account)) == "INVALID_REQUEST"
