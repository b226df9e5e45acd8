"""Webhook secrets: seen once, signed with in the vault, opened for nobody."""

import hashlib
import hmac
from typing import Any

import pytest
from smelt.vault.v1 import data_keys_pb2, erasure_pb2, webhooks_pb2, webhooks_pb2_grpc

from tests.integration.vault.audit.test_vault_audit_reading import events_of
from tests.integration.vault.vault_process import Vault, new_account, reason_of
from tests.support.patience import PATIENCE_SECONDS

HOOK = "webhooks/w1"
CONTENT = b'msg_1.1700000000.{"type":"job.completed"}'


def secrets_of(vault: Vault, caller: str = "processor") -> Any:
    return webhooks_pb2_grpc.WebhookSecretServiceStub(vault.channel(caller))


async def create(vault: Vault, account: str, generation: int = 1) -> Any:
    request = webhooks_pb2.CreateWebhookSecretRequest(webhook=HOOK, generation=generation)
    return await secrets_of(vault).CreateWebhookSecret(request, metadata=await vault.passport(account))


async def signed(vault: Vault, account: str, *secrets: tuple[int, bytes], webhook: str = HOOK) -> list[bytes]:
    request = webhooks_pb2.SignWebhookRequest(
        webhook=webhook,
        secrets=[
            webhooks_pb2.WrappedWebhookSecret(generation=generation, wrapped_secret=wrapped)
            for generation, wrapped in secrets
        ],
        content=CONTENT,
    )
    answer = await secrets_of(vault).SignWebhook(
        request, metadata=await vault.webhook_grant(account), timeout=PATIENCE_SECONDS
    )
    return list(answer.signatures)


async def test_each_secret_signs_and_its_making_is_on_record(vault: Vault) -> None:
    account = new_account()
    first, second = await create(vault, account), await create(vault, account, 2)
    assert len(first.secret) == 32
    assert first.secret not in first.wrapped_secret
    assert await signed(vault, account, (2, second.wrapped_secret), (1, first.wrapped_secret)) == [
        hmac.new(each.secret, CONTENT, hashlib.sha256).digest() for each in (second, first)
    ]
    change = webhooks_pb2.RecordWebhookChangeRequest(webhook=HOOK, change="DELETED")
    await secrets_of(vault).RecordWebhookChange(change, metadata=await vault.passport(account))
    events = (await events_of(vault, account)).events
    assert [(each.action, each.object, each.outcome) for each in events] == [
        ("delete-webhook", HOOK, "ok"),
        ("create-webhook-secret", HOOK, "ok"),
        ("create-webhook-secret", HOOK, "ok"),
    ]


@pytest.mark.promise("S03")
async def test_a_secret_that_was_moved_or_altered_signs_nothing(vault: Vault) -> None:
    account, other = new_account(), new_account()
    mine = (await create(vault, account)).wrapped_secret
    await create(vault, other)
    altered = mine[:-1] + bytes([mine[-1] ^ 1])
    for attempt in (
        signed(vault, other, (1, mine)),
        signed(vault, account, (2, mine)),
        signed(vault, account, (1, mine), webhook="webhooks/w2"),
        signed(vault, account, (1, altered)),
        signed(vault, account, (1, b"nonsense")),
    ):
        assert await reason_of(attempt) == "WEBHOOK_SECRET_INVALID"


@pytest.mark.promise("S13")
async def test_no_way_opens_a_secret_and_none_signs_for_an_erased_account(vault: Vault) -> None:
    account = new_account()
    made = await create(vault, account)
    context = data_keys_pb2.DataKeyContext(purpose="WEBHOOK", object=HOOK, generation=1)
    passport = await vault.passport(account)
    keys = vault.data_keys("processor")
    opening = data_keys_pb2.OpenDataKeyRequest(context=context, wrapped_key=made.wrapped_secret)
    assert await reason_of(keys.OpenDataKey(opening, metadata=passport)) == "DATA_KEY_CONTEXT_INVALID"
    making = data_keys_pb2.CreateDataKeyRequest(context=context)
    assert await reason_of(keys.CreateDataKey(making, metadata=passport)) == "DATA_KEY_CONTEXT_INVALID"
    anew = data_keys_pb2.RewrapDataKeysRequest(
        account=account, keys=[data_keys_pb2.WrappedDataKey(context=context, wrapped_key=made.wrapped_secret)]
    )
    (wrapped,) = (await keys.RewrapDataKeys(anew, timeout=PATIENCE_SECONDS)).wrapped_keys
    assert await signed(vault, account, (1, wrapped)) == await signed(
        vault, account, (1, made.wrapped_secret)
    )
    await vault.erasure().DestroyAccountKey(erasure_pb2.DestroyAccountKeyRequest(account=account))
    assert await reason_of(signed(vault, account, (1, wrapped))) == "ACCOUNT_ERASED"
