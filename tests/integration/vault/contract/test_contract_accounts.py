"""API keys, webhook secrets, events and the end of an account, as other services see them."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

from smelt.vault.v1 import (
    api_keys_pb2,
    audit_pb2,
    data_keys_pb2,
    erasure_pb2,
    release_pb2,
    signing_pb2,
    webhooks_pb2,
)

from tests.integration.vault.contract.sides import Side, outcome, refusal
from tests.integration.vault.vault_process import PRIVATE_URL, SECRET, new_account, worker

AZURE = api_keys_pb2.ApiKey.AZURE_OPENAI
HOOK = "webhooks/w1"
CONTENT = b'msg_1.1700000000.{"type":"job.completed"}'
FILE = data_keys_pb2.DataKeyContext(purpose="FILE", object="files/f1", generation=1)


async def described(side: Side, account: str, name: str = "") -> Any:
    request = api_keys_pb2.DescribeApiKeyRequest(name=name)
    return await side.directory().DescribeApiKey(request, metadata=await side.passport(account))


async def test_the_kind_and_the_time_of_a_key_go_with_it(side: Side) -> None:
    account = new_account()
    url = f"{PRIVATE_URL}?api-version=2024-10-21"
    name = await side.add_key(account, base_url=url, kind="AZURE_OPENAI", timeout_seconds=900)
    key = await described(side, account)
    assert (key.name, key.base_url, key.kind, key.timeout_seconds) == (name, url, AZURE, 900)
    grant = await side.grant(account, name)
    async with worker(side) as stream:
        released = (await stream.ask(grant.token)).released
    assert (released.base_url, released.kind, released.timeout_seconds) == (url, AZURE, 900)


async def tried(side: Side, account: str, name: str, result: Any = "VALID") -> Any:
    request = api_keys_pb2.RecordKeyTestRequest(name=name, result=result)
    return await side.directory().RecordKeyTest(request, metadata=await side.passport(account))


async def hooked(side: Side, account: str, generation: int = 1) -> Any:
    request = webhooks_pb2.CreateWebhookSecretRequest(webhook=HOOK, generation=generation)
    return await side.webhooks().CreateWebhookSecret(request, metadata=await side.passport(account))


async def changed(side: Side, account: str, change: Any) -> None:
    request = webhooks_pb2.RecordWebhookChangeRequest(webhook=HOOK, change=change)
    await side.webhooks().RecordWebhookChange(request, metadata=await side.passport(account))


async def signed(side: Side, account: str, *secrets: tuple[int, bytes], webhook: str = HOOK) -> list[bytes]:
    request = webhooks_pb2.SignWebhookRequest(
        webhook=webhook,
        secrets=[
            webhooks_pb2.WrappedWebhookSecret(generation=generation, wrapped_secret=wrapped)
            for generation, wrapped in secrets
        ],
        content=CONTENT,
    )
    proof = await side.webhook_grant(account)
    return list((await side.webhooks().SignWebhook(request, metadata=proof)).signatures)


async def rewrapped(side: Side, account: str, context: Any, wrapped: bytes, caller: str) -> bytes:
    key = data_keys_pb2.WrappedDataKey(context=context, wrapped_key=wrapped)
    request = data_keys_pb2.RewrapDataKeysRequest(account=account, keys=[key])
    return bytes((await side.data_keys(caller).RewrapDataKeys(request)).wrapped_keys[0])


async def ended(side: Side, account: str) -> Any:
    request = erasure_pb2.DestroyAccountKeyRequest(account=account)
    return (await side.erasure().DestroyAccountKey(request)).destroy_time


async def events(side: Side, account: str, **more: Any) -> Any:
    return await side.audit().ListEvents(audit_pb2.ListEventsRequest(account=account, **more))


async def test_a_key_is_described_by_its_name_and_the_first_one_without(side: Side) -> None:
    account, stranger = new_account(), new_account()
    assert await refusal(described(side, account)) == "NO_API_KEY"
    first, second = await side.add_key(account), await side.add_key(account)
    for name, meant in (("", first), (first, first), (second, second)):
        key = await described(side, account, name)
        assert (key.name, key.base_url, key.hint) == (meant, PRIVATE_URL, SECRET[-4:])
    assert await refusal(described(side, stranger, first)) == "API_KEY_NOT_FOUND"
    await side.delete_key(account, second)
    assert await refusal(described(side, account, second)) == "API_KEY_NOT_FOUND"


async def test_what_came_of_trying_a_key_is_noted_with_its_time(side: Side) -> None:
    account = new_account()
    name = await side.add_key(account)
    before = datetime.now(UTC)
    time = (await tried(side, account, name)).test_time.ToDatetime(UTC)
    assert before <= time <= datetime.now(UTC)
    assert await refusal(tried(side, new_account(), name)) == "API_KEY_NOT_FOUND"
    assert await refusal(tried(side, account, name, "NOT_TESTED")) == "INVALID_REQUEST"
    assert await refusal(tried(side, account, "files/f")) == "INVALID_REQUEST"


async def test_each_secret_of_a_webhook_signs_also_when_it_was_wrapped_anew(side: Side) -> None:
    account = new_account()
    first, second = await hooked(side, account), await hooked(side, account, 2)
    assert len(first.secret) == 32
    assert first.secret not in first.wrapped_secret
    both = ((2, second.wrapped_secret), (1, first.wrapped_secret))
    expected = [hmac.new(each.secret, CONTENT, hashlib.sha256).digest() for each in (second, first)]
    assert await signed(side, account, *both) == expected
    await side.rotate(account)
    context = data_keys_pb2.DataKeyContext(purpose="WEBHOOK", object=HOOK, generation=2)
    anew = await rewrapped(side, account, context, second.wrapped_secret, "processor")
    assert await signed(side, account, (2, anew), both[1]) == expected


async def test_a_secret_that_was_moved_or_altered_signs_nothing(side: Side) -> None:
    account, other = new_account(), new_account()
    mine = (await hooked(side, account)).wrapped_secret
    await hooked(side, other)
    altered = mine[:-1] + bytes([mine[-1] ^ 1])
    for attempt in (
        signed(side, other, (1, mine)),
        signed(side, account, (2, mine)),
        signed(side, account, (1, mine), webhook="webhooks/w2"),
        signed(side, account, (1, altered)),
        signed(side, account, (1, b"nonsense")),
        signed(side, account, (1, mine), (2, mine)),
    ):
        assert await refusal(attempt) == "WEBHOOK_SECRET_INVALID"
    # Nor is a data key the secret of a webhook.
    made = await side.data_keys("processor").CreateDataKey(
        data_keys_pb2.CreateDataKeyRequest(
            context=data_keys_pb2.DataKeyContext(purpose="JOB", object="jobs/w1", generation=1)
        ),
        metadata=await side.passport(account),
    )
    assert await refusal(signed(side, account, (1, made.wrapped_key))) == "WEBHOOK_SECRET_INVALID"


async def test_a_passport_that_only_reads_makes_no_secret_and_records_nothing(side: Side) -> None:
    account = new_account()
    claims = signing_pb2.PassportClaims(account=account, session="s1", scopes=["read"])
    passport = await side.signing().Sign(signing_pb2.SignRequest(passport=claims, lifetime_seconds=60))
    reader = (("x-smelt-passport", passport.token),)
    making = webhooks_pb2.CreateWebhookSecretRequest(webhook=HOOK, generation=1)
    assert await refusal(side.webhooks().CreateWebhookSecret(making, metadata=reader)) == "SCOPE_MISSING"
    change = webhooks_pb2.RecordWebhookChangeRequest(webhook=HOOK, change="DELETED")
    assert await refusal(side.webhooks().RecordWebhookChange(change, metadata=reader)) == "SCOPE_MISSING"


async def test_changes_are_on_record_newest_first(side: Side) -> None:
    account = new_account()
    name = await side.add_key(account)
    grant = await side.grant(account, name)
    made = await side.data_keys().CreateDataKey(
        data_keys_pb2.CreateDataKeyRequest(context=FILE), metadata=await side.passport(account)
    )
    await tried(side, account, name, "NO_CREDITS")
    await hooked(side, account)
    await changed(side, account, "UPDATED")
    await changed(side, account, "DELETED")
    request = release_pb2.RevokeGrantRequest(grant_id=grant.token_id)
    await side.release().RevokeGrant(request, metadata=await side.passport(account))
    await rewrapped(side, account, FILE, made.wrapped_key, "files")
    await rewrapped(side, account, FILE, b"nonsense", "files")
    await side.delete_key(account, name)
    found = await events(side, account)
    assert [(each.action, each.object, each.outcome, dict(each.details)) for each in found.events] == [
        ("delete", name, "ok", {}),
        (
            "rewrap-data-keys",
            "accountKeys/1",
            "refused",
            {"caller": "files", "count": "0", "closed": "['files/f1']"},
        ),
        ("rewrap-data-keys", "accountKeys/1", "ok", {"caller": "files", "count": "1", "closed": "[]"}),
        ("revoke-grant", "", "ok", {"caller": "processor", "grant": grant.token_id}),
        ("delete-webhook", HOOK, "ok", {}),
        ("update-webhook", HOOK, "ok", {}),
        ("create-webhook-secret", HOOK, "ok", {}),
        ("test", name, "ok", {"result": "NO_CREDITS"}),
        ("create", name, "ok", {"base_url": PRIVATE_URL}),
    ]
    assert len({each.id for each in found.events}) == len(found.events)


async def test_events_come_in_pages_and_between_two_moments(side: Side) -> None:
    account = new_account()
    for change in ("UPDATED", "DELETED", "UPDATED"):
        await changed(side, account, change)
    whole = list((await events(side, account)).events)
    first = await events(side, account, page_size=2)
    rest = await events(side, account, page_size=2, page_token=first.next_page_token)
    assert [*first.events, *rest.events] == whole
    assert rest.next_page_token == ""
    middle = whole[1].time
    assert list((await events(side, account, start_time=middle)).events) == whole[:2]
    assert list((await events(side, account, end_time=middle)).events) == whole[2:]
    later = whole[0].time.ToDatetime(UTC) + timedelta(seconds=1)
    assert not (await events(side, account, start_time=later)).events
    assert not (await events(side, new_account())).events
    assert await refusal(events(side, account, page_token="nonsense")) == "PAGE_TOKEN_INVALID"


async def test_an_account_that_has_ended_opens_signs_and_releases_nothing(side: Side) -> None:
    account = new_account()
    name = await side.add_key(account)
    passport = await side.passport(account)
    used, unused = await side.grant(account, name), await side.grant(account, name)
    made = await side.data_keys().CreateDataKey(
        data_keys_pb2.CreateDataKeyRequest(context=FILE), metadata=passport
    )
    hook = await hooked(side, account)
    async with worker(side) as stream:
        assert outcome(await stream.ask(used.token, 1)) == SECRET
        since = await ended(side, account)
        assert await ended(side, account) == since
        assert outcome(await stream.ask(used.token, 2)) == "GRANT_REVOKED"
        assert outcome(await stream.ask(unused.token, 3)) == "GRANT_REVOKED"
    opening = data_keys_pb2.OpenDataKeyRequest(context=FILE, wrapped_key=made.wrapped_key)
    assert await refusal(side.data_keys().OpenDataKey(opening, metadata=passport)) == "ACCOUNT_ERASED"
    making = data_keys_pb2.CreateDataKeyRequest(context=FILE)
    assert await refusal(side.data_keys().CreateDataKey(making, metadata=passport)) == "ACCOUNT_ERASED"
    used_proof = (("x-smelt-grant", used.token),)
    assert await refusal(side.data_keys().OpenDataKey(opening, metadata=used_proof)) == "GRANT_REVOKED"
    assert await refusal(rewrapped(side, account, FILE, made.wrapped_key, "files")) == "ACCOUNT_ERASED"
    assert await refusal(rewrapped(side, account, FILE, b"nonsense", "files")) == "ACCOUNT_ERASED"
    assert await refusal(signed(side, account, (1, hook.wrapped_secret))) == "ACCOUNT_ERASED"
    assert await refusal(hooked(side, account, 2)) == "ACCOUNT_ERASED"
    assert await refusal(described(side, account)) == "NO_API_KEY"
    assert await refusal(described(side, account, name)) == "API_KEY_NOT_FOUND"
    erased = [each for each in (await events(side, account)).events if each.action == "erase"]
    assert [(each.object, dict(each.details)) for each in erased] == [("", {"caller": "auth"})] * 2


async def test_only_auth_ends_an_account_and_only_a_persons(side: Side) -> None:
    request = erasure_pb2.DestroyAccountKeyRequest(account="operator")
    assert await refusal(side.erasure().DestroyAccountKey(request)) == "INVALID_REQUEST"
    request = erasure_pb2.DestroyAccountKeyRequest(account=new_account())
    assert await refusal(side.erasure("processor").DestroyAccountKey(request)) == "CALLER_NOT_ALLOWED"
    assert (
        await refusal(side.audit("files").ListEvents(audit_pb2.ListEventsRequest(account="ada")))
        == "CALLER_NOT_ALLOWED"
    )
    # One that never had a key never gets one.
    new = new_account()
    await ended(side, new)
    assert await refusal(hooked(side, new)) == "ACCOUNT_ERASED"


async def compared(side: Side, history: str, settlement: str = "", caller: str = "auth") -> Any:
    request = erasure_pb2.CompareHistoryRequest(history=history, settlement=settlement)
    return await side.erasure(caller).CompareHistory(request)


async def test_a_database_with_another_history_needs_a_settlement_which_counts_once(side: Side) -> None:
    first, second, third = "7/1/5", "7/2/5", "7/3/5"
    assert (await compared(side, first)).agrees
    assert (await compared(side, first)).agrees
    refused = await compared(side, second)
    assert (refused.agrees, refused.known_history) == (False, first)
    assert (await compared(side, second, "settled1")).agrees
    assert (await compared(side, second)).agrees
    assert not (await compared(side, third, "settled1")).agrees
    assert (await compared(side, third, "settled2")).agrees
    # A history of before does not come back by itself either.
    assert not (await compared(side, first)).agrees
    assert await refusal(compared(side, "nonsense")) == "INVALID_REQUEST"
    assert await refusal(compared(side, first, caller="processor")) == "CALLER_NOT_ALLOWED"


async def test_auth_hears_who_was_erased(side: Side) -> None:
    account, found = new_account(), set[str]()
    await ended(side, account)
    request = erasure_pb2.ListErasedAccountsRequest()
    while True:
        page = await side.erasure().ListErasedAccounts(request)
        found.update(page.accounts)
        request.page_token = page.next_page_token
        if not request.page_token:
            break
    assert account in found
