"""Data keys: opened for the account, object, purpose and generation that they were made for."""

from collections.abc import Sequence
from typing import Any

import pytest
from smelt.vault.v1 import data_keys_pb2, release_pb2

from tests.integration.vault.vault_process import Vault, new_account, reason_of

FILE = data_keys_pb2.DataKeyContext.FILE
JOB = data_keys_pb2.DataKeyContext.JOB
RESULT = data_keys_pb2.DataKeyContext.RESULT
Proof = Sequence[tuple[str, str]]


def context(purpose: int = FILE, object: str = "files/f1", generation: int = 1) -> Any:
    return data_keys_pb2.DataKeyContext(
        purpose=data_keys_pb2.DataKeyContext.Purpose.Name(purpose),
        object=object,
        generation=generation,
    )


async def create(
    vault: Vault, proof: Proof, what: Any, caller: str = "files"
) -> data_keys_pb2.CreateDataKeyResponse:
    made: data_keys_pb2.CreateDataKeyResponse = await vault.data_keys(caller).CreateDataKey(
        data_keys_pb2.CreateDataKeyRequest(context=what), metadata=proof
    )
    return made


async def opened(vault: Vault, proof: Proof, what: Any, wrapped: bytes, caller: str = "files") -> bytes:
    answer = await vault.data_keys(caller).OpenDataKey(
        data_keys_pb2.OpenDataKeyRequest(context=what, wrapped_key=wrapped), metadata=proof
    )
    return bytes(answer.key)


async def granted(vault: Vault, account: str, **more: Any) -> Proof:
    return (("x-smelt-grant", (await vault.grant(account, "apiKeys/k", **more)).token),)


async def test_a_data_key_opens_again_for_its_owner_and_under_a_grant(vault: Vault) -> None:
    account = new_account()
    mine = await vault.passport(account)
    made = await create(vault, mine, context())
    assert len(made.key) == 32
    assert made.key not in made.wrapped_key
    assert await opened(vault, mine, context(), made.wrapped_key) == made.key
    grant = await granted(vault, account, file="files/f1")
    assert await opened(vault, grant, context(), made.wrapped_key) == made.key
    assert (await create(vault, mine, context())).key != made.key


@pytest.mark.promise("S03")
async def test_a_wrapped_key_that_was_moved_does_not_open(vault: Vault) -> None:
    account, stranger = new_account(), new_account()
    mine, theirs = await vault.passport(account), await vault.passport(stranger)
    made = await create(vault, mine, context(RESULT, "jobs/j1", 2))
    await create(vault, theirs, context())
    wrong: list[tuple[Proof, Any, str]] = [
        (theirs, context(RESULT, "jobs/j1", 2), "files"),
        (mine, context(RESULT, "jobs/j2", 2), "files"),
        (mine, context(RESULT, "jobs/j1", 1), "files"),
        (mine, context(RESULT, "jobs/j1", 3), "files"),
        (mine, context(FILE, "files/j1", 2), "files"),
        (mine, context(JOB, "jobs/j1", 2), "processor"),
        (await vault.passport(new_account()), context(RESULT, "jobs/j1", 2), "files"),
    ]
    for proof, what, caller in wrong:
        assert await reason_of(opened(vault, proof, what, made.wrapped_key, caller)) == "DATA_KEY_INVALID"
    for position in (0, 4, 8, 20, 50, 80, 100, len(made.wrapped_key) - 1):
        damaged = bytearray(made.wrapped_key)
        damaged[position] ^= 1
        call = opened(vault, mine, context(RESULT, "jobs/j1", 2), bytes(damaged))
        assert await reason_of(call) == "DATA_KEY_INVALID"
    for cut in (b"x", made.wrapped_key[:-1], made.wrapped_key + b"x", b"x" * 512):
        assert await reason_of(opened(vault, mine, context(RESULT, "jobs/j1", 2), cut)) == "DATA_KEY_INVALID"
    # What did not open is on record.
    (count,) = vault.query(
        "SELECT count(*) FROM audit_records WHERE account = %s AND action = 'open-data-key'", account
    )
    assert count[0] >= 17


async def test_a_grant_opens_only_what_it_names(vault: Vault) -> None:
    account = new_account()
    grant = await granted(vault, account, file="files/f1", job="jobs/j1")
    for what, caller in (
        (context(FILE, "files/f1"), "files"),
        (context(JOB, "jobs/j1"), "processor"),
        (context(RESULT, "jobs/j1"), "files"),
    ):
        made = await create(vault, grant, what, caller)
        assert await opened(vault, grant, what, made.wrapped_key, caller) == made.key
    for what, caller in (
        (context(FILE, "files/f2"), "files"),
        (context(JOB, "jobs/j2"), "processor"),
        (context(RESULT, "jobs/j2"), "files"),
    ):
        assert await reason_of(create(vault, grant, what, caller)) == "GRANT_INVALID"
    none = await granted(vault, account, file="", job="")
    assert await reason_of(create(vault, none, context(FILE, "files/f1"))) == "GRANT_INVALID"


async def test_a_revoked_grant_opens_no_data(vault: Vault) -> None:
    account = new_account()
    signed = await vault.grant(account, "apiKeys/k", file="files/f1")
    grant = (("x-smelt-grant", signed.token),)
    made = await create(vault, grant, context())
    await vault.release().RevokeGrant(
        release_pb2.RevokeGrantRequest(grant_id=signed.token_id), metadata=await vault.passport(account)
    )
    assert await reason_of(opened(vault, grant, context(), made.wrapped_key)) == "GRANT_REVOKED"


@pytest.mark.parametrize(
    ("purpose", "object", "caller"),
    [
        (FILE, "files/f1", "processor"),
        (RESULT, "jobs/j1", "processor"),
        (JOB, "jobs/j1", "files"),
        (FILE, "jobs/j1", "files"),
        (RESULT, "files/f1", "files"),
    ],
)
async def test_a_service_gets_no_key_for_data_that_it_does_not_hold(
    vault: Vault, purpose: int, object: str, caller: str
) -> None:
    call = create(vault, await vault.passport(new_account()), context(purpose, object), caller)
    assert await reason_of(call) == "DATA_KEY_CONTEXT_INVALID"


async def test_a_destroyed_account_key_leaves_its_data_closed(vault: Vault) -> None:
    account = new_account()
    mine = await vault.passport(account)
    made = await create(vault, mine, context())
    vault.query(
        "UPDATE account_keys SET state = 'destroyed', wrapped = NULL WHERE account = %s",
        account,
        keystore=True,
    )
    assert await reason_of(opened(vault, mine, context(), made.wrapped_key)) == "ACCOUNT_ERASED"
    assert await reason_of(create(vault, mine, context())) == "ACCOUNT_ERASED"


async def test_an_account_key_is_not_used_more_often_than_is_safe(vault: Vault) -> None:
    account = new_account()
    mine = await vault.passport(account)
    made = await create(vault, mine, context())
    most = 2**32
    vault.query("UPDATE account_keys SET uses = %s WHERE account = %s", most - 1, account, keystore=True)
    await create(vault, mine, context())
    assert await reason_of(create(vault, mine, context())) == "ACCOUNT_KEY_EXHAUSTED"
    assert await opened(vault, mine, context(), made.wrapped_key) == made.key
