"""What the vault refuses is on record too, from any caller and at whichever service."""

import asyncio
from typing import Any

import grpc
import pytest
from smelt.vault.v1 import api_keys_pb2, data_keys_pb2

from tests.integration.vault.vault_process import Vault, new_account, reason_of
from tests.support.patience import PATIENCE_SECONDS

Row = tuple[Any, ...]


async def recorded(vault: Vault, where: str, *values: Any) -> list[Row]:
    """Return outcome, caller and reason of records, once there are any."""
    statement = (
        f"SELECT outcome, body::json->>'caller', body::json->>'reason' FROM audit_records WHERE {where}"
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (found := vault.query(statement, *values)):
            await asyncio.sleep(0.02)
    return found


@pytest.mark.promise("S10")
async def test_a_caller_that_is_on_no_list_is_on_record(fragile: Vault) -> None:
    """The gateway, broken into, asks for keys of jobs."""
    # Without a question: when the refusal meets one on its way, grpc's client tells only of that.
    asking = fragile.release("gateway").ReleaseApiKeys(wait_for_ready=True)
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await asking.read()
    assert failed.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert await recorded(fragile, "action = 'call ReleaseApiKeys'") == [
        ("refused", "gateway", "CALLER_NOT_ALLOWED")
    ]


async def test_a_proof_that_is_none_is_on_record(fragile: Vault) -> None:
    call = fragile.keys().ListApiKeys(
        api_keys_pb2.ListApiKeysRequest(), metadata=(("x-smelt-passport", "forged"),)
    )
    assert await reason_of(call) == "UNAUTHENTICATED"
    assert await recorded(fragile, "action = 'call ListApiKeys'") == [
        ("refused", "gateway", "UNAUTHENTICATED")
    ]


async def test_a_grant_that_reaches_for_another_file_is_on_record(vault: Vault) -> None:
    account = new_account()
    grant = (await vault.grant(account, "apiKeys/k", file="files/mine")).token
    wanted = data_keys_pb2.CreateDataKeyRequest(
        context=data_keys_pb2.DataKeyContext(
            purpose=data_keys_pb2.DataKeyContext.FILE, object="files/other", generation=1
        )
    )
    assert await reason_of(vault.data_keys().CreateDataKey(wanted, metadata=(("x-smelt-grant", grant),))) == (
        "GRANT_INVALID"
    )
    assert await recorded(vault, "account = %s AND object = 'files/other'", account) == [
        ("refused", "files", "GRANT_INVALID")
    ]
