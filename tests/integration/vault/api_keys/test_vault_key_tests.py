"""What came of trying a key stands on the key; and the operator's key, which goes to its own host alone."""

from typing import Any

import pytest
from smelt.vault.v1 import api_keys_pb2, operator_pb2

from tests.integration.vault.vault_process import PRIVATE_URL, SECRET, Vault, new_account, reason_of, worker

Result = api_keys_pb2.ApiKey.TestResult
MANAGED = "apiKeys/managed"
OTHER = "sk-test-of-the-operator-0123456789"


async def record(vault: Vault, account: str, name: str, result: Any) -> Any:
    request = api_keys_pb2.RecordKeyTestRequest(name=name, result=result)
    return await vault.directory().RecordKeyTest(request, metadata=await vault.passport(account))


async def get(vault: Vault, account: str, name: str) -> api_keys_pb2.ApiKey:
    request = api_keys_pb2.GetApiKeyRequest(name=name)
    key: api_keys_pb2.ApiKey = await vault.keys().GetApiKey(request, metadata=await vault.passport(account))
    return key


async def test_the_last_test_stands_on_the_key_and_in_the_audit(vault: Vault) -> None:
    account = new_account()
    first, second = await vault.add_key(account), await vault.add_key(account)
    assert (first.last_test_result, first.HasField("last_tested_time")) == (Result.NOT_TESTED, False)
    for result in (Result.INVALID, Result.NO_CREDITS, Result.UNREACHABLE, Result.VALID):
        noted = await record(vault, account, first.name, result)
        found = await get(vault, account, first.name)
        assert (found.last_test_result, found.last_tested_time) == (result, noted.test_time)
    request = api_keys_pb2.ListApiKeysRequest()
    keys = await vault.keys().ListApiKeys(request, metadata=await vault.passport(account))
    assert {key.name: key.last_test_result for key in keys.api_keys} == {
        first.name: Result.VALID,
        second.name: Result.NOT_TESTED,
    }
    said = vault.query(
        "SELECT body FROM audit_records WHERE account = %s AND action = 'test' ORDER BY seq", account
    )
    assert [result for (body,) in said for result in ("NO_CREDITS", "UNREACHABLE") if result in body] == [
        "NO_CREDITS",
        "UNREACHABLE",
    ]
    assert len(said) == 4


@pytest.mark.promise("S30")
async def test_nobody_notes_a_test_on_a_key_of_others(vault: Vault) -> None:
    account, key = new_account(), await vault.add_key(new_account())
    await vault.operator().SetManagedApiKey(
        operator_pb2.SetManagedApiKeyRequest(secret=OTHER, base_url=PRIVATE_URL)
    )
    for name in (key.name, MANAGED, "apiKeys/none"):
        assert await reason_of(record(vault, account, name, Result.VALID)) == "API_KEY_NOT_FOUND"
    for wrong in (Result.NOT_TESTED, 99):
        assert await reason_of(record(vault, account, key.name, wrong)) == "INVALID_REQUEST"


@pytest.mark.promise("S46")
async def test_the_operators_key_goes_to_no_host_but_its_own(fragile: Vault) -> None:
    vault, account = fragile, new_account()
    theirs = f"{PRIVATE_URL}/of-a-person"
    own = await vault.add_key(account, base_url=theirs)
    assert own.active
    await vault.operator().SetManagedApiKey(
        operator_pb2.SetManagedApiKeyRequest(secret=OTHER, base_url=PRIVATE_URL)
    )
    managed = (await vault.grant(account, MANAGED)).token
    mine = (await vault.grant(account, own.name)).token
    async with worker(vault) as stream:
        answer = (await stream.ask(managed, 1)).released
        assert (answer.secret.decode(), answer.base_url) == (OTHER, PRIVATE_URL)
        answer = (await stream.ask(mine, 1)).released
        assert (answer.secret.decode(), answer.base_url) == (SECRET, theirs)
        # Someone with all rights in SQL gives the operator's row the person's host,
        vault.query("UPDATE api_keys SET base_url = %s WHERE account = 'operator'", theirs)
        assert await stream.outcome(managed, 2) == "API_KEY_DAMAGED"
        # or puts the operator's ciphertext into the person's row.
        vault.query("UPDATE api_keys SET base_url = %s WHERE account = 'operator'", PRIVATE_URL)
        assert await stream.outcome(managed, 3) == OTHER
        vault.query(
            "UPDATE api_keys k SET epoch = m.epoch, generation = m.generation, blob = m.blob"
            " FROM api_keys m WHERE m.account = 'operator' AND k.account = %s",
            account,
        )
        assert await stream.outcome(mine, 2) == "API_KEY_DAMAGED"
