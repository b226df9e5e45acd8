"""Data keys and their rotation: opened for what they were made for, wrapped anew for their holders."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from smelt.vault.v1 import data_keys_pb2, release_pb2, signing_pb2

from tests.integration.vault.contract.sides import Side, refusal
from tests.integration.vault.vault_process import new_account
from tests.support.patience import PATIENCE_SECONDS

About = data_keys_pb2.DataKeyContext
Proof = Sequence[tuple[str, str]]
FILE, JOB, RESULT = About.FILE, About.JOB, About.RESULT
EXPORT, WEBHOOK = About.EXPORT, About.WEBHOOK


def about(purpose: Any = FILE, object: str = "files/f1", generation: int = 1) -> About:
    return About(purpose=purpose, object=object, generation=generation)


async def create(side: Side, proof: Proof, what: About, caller: str = "files") -> Any:
    request = data_keys_pb2.CreateDataKeyRequest(context=what)
    return await side.data_keys(caller).CreateDataKey(request, metadata=proof)


async def opened(side: Side, proof: Proof, what: About, wrapped: bytes, caller: str = "files") -> bytes:
    request = data_keys_pb2.OpenDataKeyRequest(context=what, wrapped_key=wrapped)
    return bytes((await side.data_keys(caller).OpenDataKey(request, metadata=proof)).key)


async def rewrapped(
    side: Side, account: str, *keys: tuple[About, bytes], caller: str = "files"
) -> list[bytes]:
    request = data_keys_pb2.RewrapDataKeysRequest(
        account=account,
        keys=[data_keys_pb2.WrappedDataKey(context=what, wrapped_key=key) for what, key in keys],
    )
    return list((await side.data_keys(caller).RewrapDataKeys(request)).wrapped_keys)


async def told(side: Side, owner: str, account: str) -> Any:
    """Return what an owner is told of an account, None when it has nothing to do for it."""
    request = data_keys_pb2.ListRetiringAccountsRequest()
    found = await side.data_keys(owner).ListRetiringAccounts(request)
    return next((each for each in found.accounts if each.account == account), None)


async def confirm(side: Side, owner: str, account: str, epoch: int) -> None:
    request = data_keys_pb2.ConfirmRewrappedRequest(account=account, epoch=epoch)
    await side.data_keys(owner).ConfirmRewrapped(request)


async def granted(side: Side, account: str, **more: Any) -> Proof:
    return (("x-smelt-grant", (await side.grant(account, "apiKeys/k", **more)).token),)


async def exporting(side: Side, account: str, export: str) -> Proof:
    claims = signing_pb2.ExportClaims(account=account, export=export)
    signed = await side.signing().Sign(signing_pb2.SignRequest(export=claims, lifetime_seconds=60))
    return (("x-smelt-export", signed.token),)


async def test_a_data_key_opens_for_its_owner_and_under_a_grant_that_names_it(side: Side) -> None:
    account = new_account()
    mine, grant = await side.passport(account), await granted(side, account)
    for what, caller in (
        (about(), "files"),
        (about(JOB, "jobs/j1"), "processor"),
        (about(RESULT, "jobs/j1"), "files"),
    ):
        for maker, reader in ((mine, grant), (grant, mine)):
            made = await create(side, maker, what, caller)
            assert len(made.key) == 32
            assert made.key not in made.wrapped_key
            assert len(made.wrapped_key) <= 512
            assert await opened(side, reader, what, made.wrapped_key, caller) == made.key
    assert (await create(side, mine, about())).key != (await create(side, mine, about())).key


async def test_a_key_that_was_moved_or_damaged_does_not_open(side: Side) -> None:
    account, stranger = new_account(), new_account()
    mine, theirs = await side.passport(account), await side.passport(stranger)
    made = await create(side, mine, about(RESULT, "jobs/j1", 2))
    await create(side, theirs, about())
    wrong: list[tuple[Proof, About, str]] = [
        (theirs, about(RESULT, "jobs/j1", 2), "files"),
        (await side.passport(new_account()), about(RESULT, "jobs/j1", 2), "files"),
        (mine, about(RESULT, "jobs/j2", 2), "files"),
        (mine, about(RESULT, "jobs/j1", 1), "files"),
        (mine, about(FILE, "files/j1", 2), "files"),
        (mine, about(JOB, "jobs/j1", 2), "processor"),
    ]
    for proof, what, caller in wrong:
        assert await refusal(opened(side, proof, what, made.wrapped_key, caller)) == "DATA_KEY_INVALID"
    right = about(RESULT, "jobs/j1", 2)
    for position in range(len(made.wrapped_key)):
        damaged = bytearray(made.wrapped_key)
        damaged[position] ^= 1
        assert await refusal(opened(side, mine, right, bytes(damaged))) == "DATA_KEY_INVALID", position
    for other in (b"x", made.wrapped_key[:-1], made.wrapped_key + b"x", b"x" * 512):
        assert await refusal(opened(side, mine, right, other)) == "DATA_KEY_INVALID"
    assert await opened(side, mine, right, made.wrapped_key) == made.key


async def test_a_grant_opens_only_what_it_names_and_nothing_once_it_is_revoked(side: Side) -> None:
    account = new_account()
    signed = await side.grant(account, "apiKeys/k", file="files/f1", job="jobs/j1")
    grant = (("x-smelt-grant", signed.token),)
    for what, caller in (
        (about(FILE, "files/f2"), "files"),
        (about(JOB, "jobs/j2"), "processor"),
        (about(RESULT, "jobs/j2"), "files"),
        (about(EXPORT, "dataExports/e1"), "files"),
    ):
        assert await refusal(create(side, grant, what, caller)) == "GRANT_INVALID"
    none = await granted(side, account, file="", job="")
    assert await refusal(create(side, none, about())) == "GRANT_INVALID"
    made = await create(side, grant, about())
    request = release_pb2.RevokeGrantRequest(grant_id=signed.token_id)
    await side.release().RevokeGrant(request, metadata=await side.passport(account))
    assert await refusal(opened(side, grant, about(), made.wrapped_key)) == "GRANT_REVOKED"
    assert await refusal(create(side, grant, about())) == "GRANT_REVOKED"


async def test_an_export_opens_what_there_is_and_makes_only_its_own_archive(side: Side) -> None:
    account = new_account()
    mine, export = await side.passport(account), await exporting(side, account, "dataExports/e1")
    made = await create(side, mine, about())
    assert await opened(side, export, about(), made.wrapped_key) == made.key
    assert await refusal(create(side, export, about())) == "GRANT_INVALID"
    archive = await create(side, export, about(EXPORT, "dataExports/e1"))
    assert await opened(side, export, about(EXPORT, "dataExports/e1"), archive.wrapped_key) == archive.key
    assert await refusal(create(side, export, about(EXPORT, "dataExports/e2"))) == "GRANT_INVALID"


@pytest.mark.parametrize(
    ("purpose", "object", "caller"),
    [
        (FILE, "files/f1", "processor"),
        (RESULT, "jobs/j1", "processor"),
        (EXPORT, "dataExports/e1", "processor"),
        (JOB, "jobs/j1", "files"),
        (FILE, "jobs/j1", "files"),
        (RESULT, "files/f1", "files"),
        (WEBHOOK, "webhooks/w1", "processor"),
    ],
)
async def test_no_key_for_data_that_the_caller_does_not_hold(
    side: Side, purpose: Any, object: str, caller: str
) -> None:
    what = about(purpose, object)
    mine = await side.passport(new_account())
    assert await refusal(create(side, mine, what, caller)) == "DATA_KEY_CONTEXT_INVALID"
    assert await refusal(opened(side, mine, what, b"x", caller)) == "DATA_KEY_CONTEXT_INVALID"


async def test_without_a_proof_or_a_well_formed_question_there_is_no_key(side: Side) -> None:
    account = new_account()
    mine = await side.passport(account)
    assert await refusal(create(side, (), about())) == "UNAUTHENTICATED"
    assert await refusal(create(side, (("x-smelt-passport", "forged"),), about())) == "UNAUTHENTICATED"
    for what in (About(), about(FILE, "files/../f"), about(generation=0), about("PURPOSE_UNSPECIFIED")):
        assert await refusal(create(side, mine, what)) == "INVALID_REQUEST"
    assert await refusal(create(side, mine, about(), "auth")) == "CALLER_NOT_ALLOWED"


async def test_a_retired_key_goes_once_its_owners_have_wrapped_anew(side: Side) -> None:
    account = new_account()
    mine = await side.passport(account)
    made = await create(side, mine, about())
    of_job = await create(side, mine, about(JOB, "jobs/j1"), "processor")
    assert await told(side, "files", account) is None
    await side.rotate(account)
    # Meanwhile what is old opens, and what is new is under the new key.
    assert await opened(side, mine, about(), made.wrapped_key) == made.key
    listed = await told(side, "files", account)
    assert listed.epoch == 2
    assert not made.wrapped_key.startswith(listed.prefix)
    assert (await create(side, mine, about())).wrapped_key.startswith(listed.prefix)
    (anew,) = await rewrapped(side, account, (about(), made.wrapped_key))
    assert anew.startswith(listed.prefix)
    assert await opened(side, mine, about(), anew) == made.key
    # A confirmation for another epoch says nothing.
    await confirm(side, "files", account, 1)
    assert await told(side, "files", account) == listed
    await confirm(side, "files", account, 2)
    assert await told(side, "files", account) is None
    assert await told(side, "processor", account) == listed
    assert await opened(side, mine, about(JOB, "jobs/j1"), of_job.wrapped_key, "processor") == of_job.key
    (of_job_anew,) = await rewrapped(
        side, account, (about(JOB, "jobs/j1"), of_job.wrapped_key), caller="processor"
    )
    await confirm(side, "processor", account, 2)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await opens(side, mine, made.wrapped_key):
            await asyncio.sleep(0.2)
    assert await opened(side, mine, about(), anew) == made.key
    assert await opened(side, mine, about(JOB, "jobs/j1"), of_job_anew, "processor") == of_job.key


async def opens(side: Side, proof: Proof, wrapped: bytes) -> bool:
    try:
        return (await refusal(opened(side, proof, about(), wrapped))) != "DATA_KEY_INVALID"
    except AssertionError:
        return True


async def test_only_what_belongs_to_the_account_and_the_caller_is_wrapped_anew(side: Side) -> None:
    account, stranger = new_account(), new_account()
    mine = await create(side, await side.passport(account), about())
    theirs = await create(side, await side.passport(stranger), about())
    stolen = rewrapped(side, account, (about(), mine.wrapped_key), caller="processor")
    assert await refusal(stolen) == "DATA_KEY_CONTEXT_INVALID"
    good, foreign, moved, nonsense = await rewrapped(
        side,
        account,
        (about(), mine.wrapped_key),
        (about(), theirs.wrapped_key),
        (about(FILE, "files/f2"), mine.wrapped_key),
        (about(), b"nonsense"),
    )
    assert (foreign, moved, nonsense) == (b"", b"", b"")
    assert await opened(side, await side.passport(account), about(), good) == mine.key
    assert await refusal(rewrapped(side, account)) == "INVALID_REQUEST"
    assert await refusal(rewrapped(side, account, (about(), good), caller="auth")) == "CALLER_NOT_ALLOWED"


async def test_accounts_with_retired_keys_are_listed_in_order_from_the_last_one_on(side: Side) -> None:
    accounts = sorted(new_account() for _ in range(3))
    for account in accounts:
        await create(side, await side.passport(account), about())
        await side.rotate(account)
    listed = await side.data_keys().ListRetiringAccounts(
        data_keys_pb2.ListRetiringAccountsRequest(after=accounts[0])
    )
    found = [each.account for each in listed.accounts]
    assert found == sorted(found)
    assert [account for account in found if account in accounts] == accounts[1:]
