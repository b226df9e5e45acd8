"""A stolen processor: its certificate, and no grant and no person, is worth nothing for any account."""

import hashlib
import hmac
from typing import Any

import pytest
from google.protobuf import descriptor_pool
from smelt.vault.v1 import data_keys_pb2, release_pb2, signing_pb2, webhooks_pb2

from services.vault.policy import POLICY
from tests.integration.vault.vault_process import Vault, new_account, reason_of, worker

HOOK = "webhooks/w1"
CONTENT = b'msg_1.1700000000.{"type":"job.completed"}'
#: What the processor may call with its certificate alone, and why that gives it no account.
ALONE = {
    "/smelt.vault.v1.SigningService/GetVerificationKeys": "public keys",
    "/smelt.vault.v1.SigningService/GetPageKey": "opens the processor's own page tokens",
    "/smelt.vault.v1.KeyReleaseService/ReleaseApiKeys": "grants are in the messages of the stream",
    "/smelt.vault.v1.KeyReleaseService/OpenGrant": "only what the vault sealed opens",
    "/smelt.vault.v1.DataKeyService/ListRetiringAccounts": "ids of accounts",
    "/smelt.vault.v1.DataKeyService/RewrapDataKeys": "takes wrapped keys and gives wrapped keys",
    "/smelt.vault.v1.DataKeyService/ConfirmRewrapped": "answers nothing",
}


@pytest.mark.promise("S11")
def test_whatever_else_the_processor_calls_needs_a_grant_or_a_person() -> None:
    alone = {m for m, allow in POLICY.items() if "processor" in allow.callers and allow.needs == "nothing"}
    assert alone == ALONE.keys()
    for method, allow in POLICY.items():
        if "processor" not in allow.callers or method in ALONE:
            continue
        service, _, name = method.strip("/").partition("/")
        request = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name].input_type
        # The account is that of the proof, so there is none to choose.
        assert "account" not in {field.name for field in request.fields}, method


async def hooked(vault: Vault, account: str) -> Any:
    request = webhooks_pb2.CreateWebhookSecretRequest(webhook=HOOK, generation=1)
    return await vault.webhooks().CreateWebhookSecret(request, metadata=await vault.passport(account))


def to_sign(wrapped: bytes) -> webhooks_pb2.SignWebhookRequest:
    return webhooks_pb2.SignWebhookRequest(
        webhook=HOOK,
        secrets=[webhooks_pb2.WrappedWebhookSecret(generation=1, wrapped_secret=wrapped)],
        content=CONTENT,
    )


@pytest.mark.promise("S11")
async def test_without_a_proof_no_message_is_signed_and_no_grant_revoked(vault: Vault) -> None:
    account, other = new_account(), new_account()
    key = await vault.add_key(account)
    grant = await vault.grant(account, key.name)
    made = await hooked(vault, account)
    signing, revoking = to_sign(made.wrapped_secret), release_pb2.RevokeGrantRequest(grant_id=grant.token_id)
    nobody: list[Any] = [
        (),
        (("x-smelt-account", account),),
        (("x-smelt-passport", ""),),
        (("x-smelt-grant", "nonsense"),),
        (("x-smelt-grant", made.wrapped_secret.hex()),),
    ]
    for proof in nobody:
        assert await reason_of(vault.webhooks().SignWebhook(signing, metadata=proof)) == "UNAUTHENTICATED"
        assert await reason_of(vault.release().RevokeGrant(revoking, metadata=proof)) == "UNAUTHENTICATED"
    # With the proof of one account it reaches no other.
    theirs = await vault.webhook_grant(other)
    refused = vault.webhooks().SignWebhook(signing, metadata=theirs)
    assert await reason_of(refused) == "WEBHOOK_SECRET_INVALID"
    await vault.release().RevokeGrant(revoking, metadata=await vault.passport(other))
    async with worker(vault) as stream:
        assert await stream.outcome(grant.token, 1) != "GRANT_REVOKED"
    mine = await vault.webhook_grant(account)
    (signature,) = (await vault.webhooks().SignWebhook(signing, metadata=mine)).signatures
    assert signature == hmac.new(made.secret, CONTENT, hashlib.sha256).digest()


async def test_a_grant_for_webhooks_opens_releases_and_revokes_nothing_else(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    grant = await vault.grant(account, key.name)
    (proof,) = await vault.webhook_grant(account)
    context = data_keys_pb2.DataKeyContext(purpose="JOB", object="jobs/j1", generation=1)
    making = data_keys_pb2.CreateDataKeyRequest(context=context)
    keys = vault.data_keys("processor")
    assert await reason_of(keys.CreateDataKey(making, metadata=(proof,))) == "GRANT_INVALID"
    made = await keys.CreateDataKey(making, metadata=await vault.passport(account))
    opening = data_keys_pb2.OpenDataKeyRequest(context=context, wrapped_key=made.wrapped_key)
    assert await reason_of(keys.OpenDataKey(opening, metadata=(proof,))) == "GRANT_INVALID"
    revoking = release_pb2.RevokeGrantRequest(grant_id=grant.token_id)
    assert await reason_of(vault.release().RevokeGrant(revoking, metadata=(proof,))) == "GRANT_INVALID"
    async with worker(vault) as stream:
        assert await stream.outcome(proof[1], 1) == "GRANT_INVALID"
    # Nor do grants of short purposes sign.
    hook = to_sign((await hooked(vault, account)).wrapped_secret)
    for purpose in ("template-test", "key-test"):
        short = await vault.webhook_grant(account, purpose)
        assert await reason_of(vault.webhooks().SignWebhook(hook, metadata=short)) == "GRANT_INVALID"
    # One that is over is no proof.
    wanted = signing_pb2.GrantClaims(account=account, purpose="webhook")
    signed = await vault.signing().Sign(signing_pb2.SignRequest(grant=wanted, lifetime_seconds=1))
    gone = (("x-smelt-grant", signed.token[:-4] + "AAAA"),)
    assert await reason_of(vault.webhooks().SignWebhook(hook, metadata=gone)) == "UNAUTHENTICATED"


async def test_a_passport_of_before_makes_and_activates_no_key(vault: Vault) -> None:
    from smelt.suspension.v1 import suspension_pb2
    from smelt.vault.v1 import api_keys_pb2

    account = new_account()
    key = await vault.add_key(account)
    await vault.suspension().SuspendEarlier(
        suspension_pb2.SuspendEarlierRequest(account=account, generation=4)
    )
    making = api_keys_pb2.CreateApiKeyRequest(secret="sk-" + "x" * 30)
    activating = api_keys_pb2.ActivateApiKeyRequest(name=key.name)
    for generation, refused in ((3, "UNAUTHENTICATED"), (4, ""), (5, "")):
        who = await vault.passport(account, generation=generation)
        assert await reason_of(vault.keys().CreateApiKey(making, metadata=who)) == refused
        assert await reason_of(vault.keys().ActivateApiKey(activating, metadata=who)) == refused
    # Reading, and deleting what is not wanted, goes on.
    older = await vault.passport(account, generation=3)
    listed = await vault.keys().ListApiKeys(api_keys_pb2.ListApiKeysRequest(), metadata=older)
    assert len(listed.api_keys) == 3
