"""Provider keys of people over the wire: stored, listed, chosen, deleted, never shown."""

import asyncio
from typing import Any

import grpc
import pytest
from smelt.vault.v1 import api_keys_pb2

from services.common.rpc.errors import error_from_rpc
from tests.integration.vault.vault_process import PRIVATE_URL, SECRET, Vault, new_account, reason_of, worker


async def listed(vault: Vault, account: str, **more: Any) -> api_keys_pb2.ListApiKeysResponse:
    answer: api_keys_pb2.ListApiKeysResponse = await vault.keys().ListApiKeys(
        api_keys_pb2.ListApiKeysRequest(**more), metadata=await vault.passport(account)
    )
    return answer


async def test_a_key_comes_back_without_its_secret(vault: Vault) -> None:
    account = new_account()
    call = vault.keys().CreateApiKey(
        api_keys_pb2.CreateApiKeyRequest(secret=SECRET, label="Büro ✓", base_url=PRIVATE_URL + "/"),
        metadata=await vault.passport(account),
    )
    made = await call
    assert dict(await call.initial_metadata())["x-http-status"] == "201"
    assert made.name.startswith("apiKeys/")
    assert (made.label, made.hint, made.base_url) == ("Büro ✓", SECRET[-4:], PRIVATE_URL)
    assert made.active
    assert made.HasField("create_time")
    assert not made.HasField("last_used_time")
    got = await vault.keys().GetApiKey(
        api_keys_pb2.GetApiKeyRequest(name=made.name), metadata=await vault.passport(account)
    )
    assert got == made
    assert list((await listed(vault, account)).api_keys) == [made]


async def test_an_empty_base_url_is_the_default_endpoint(vault: Vault) -> None:
    made = await vault.add_key(new_account(), base_url="")
    assert made.base_url == "https://api.openai.com/v1"


async def test_a_key_for_azure_keeps_its_kind_version_and_time(vault: Vault) -> None:
    account = new_account()
    pasted = f"{PRIVATE_URL}/deployments/d/chat/completions?api-version=2024-10-21"
    made = await vault.add_key(account, base_url=pasted, kind="AZURE_OPENAI", timeout_seconds=300)
    assert made.base_url == f"{PRIVATE_URL}/deployments/d?api-version=2024-10-21"
    assert (made.kind, made.timeout_seconds) == (api_keys_pb2.ApiKey.AZURE_OPENAI, 300)
    assert list((await listed(vault, account)).api_keys) == [made]
    plain = await vault.add_key(account)
    assert (plain.kind, plain.timeout_seconds) == (api_keys_pb2.ApiKey.OPENAI, 0)


@pytest.mark.promise("S46")
async def test_a_key_does_not_open_under_another_kind(vault: Vault) -> None:
    account = new_account()
    made = await vault.add_key(account)
    vault.query("UPDATE api_keys SET kind = 'AZURE_OPENAI' WHERE account = %s", account)
    grant = await vault.grant(account, made.name)
    async with worker(vault) as stream:
        assert await stream.outcome(grant.token) == "API_KEY_DAMAGED"


@pytest.mark.parametrize(
    ("more", "reason", "field"),
    [
        ({"secret": ""}, "API_KEY_FORMAT", "secret"),
        ({"secret": "sk-tooshort1234"}, "API_KEY_FORMAT", "secret"),
        ({"secret": "sk-" + "x" * 253}, "API_KEY_FORMAT", "secret"),
        ({"secret": "sk-with space 1234567"}, "API_KEY_FORMAT", "secret"),
        ({"secret": SECRET + "\n"}, "API_KEY_FORMAT", "secret"),
        ({"secret": " " + SECRET}, "API_KEY_FORMAT", "secret"),
        ({"secret": "sk-ünïcödé-0123456789"}, "API_KEY_FORMAT", "secret"),
        ({"secret": "sk-nul\0-0123456789abc"}, "API_KEY_FORMAT", "secret"),
        ({"secret": "gsk_0123456789abcdef", "base_url": ""}, "API_KEY_FORMAT", "secret"),
        ({"secret": SECRET, "base_url": "http://api.openai.com/v1"}, "BASE_URL_NOT_ALLOWED", "base_url"),
        ({"secret": SECRET, "base_url": "http://127.0.0.1:1/v1"}, "BASE_URL_NOT_ALLOWED", "base_url"),
        ({"secret": SECRET, "base_url": PRIVATE_URL + "?x=1"}, "BASE_URL_NOT_ALLOWED", "base_url"),
        ({"secret": SECRET, "kind": "AZURE_OPENAI", "base_url": ""}, "BASE_URL_NOT_ALLOWED", "base_url"),
        ({"secret": SECRET, "timeout_seconds": 4}, "INVALID_REQUEST", "timeout_seconds"),
        ({"secret": SECRET, "timeout_seconds": 901}, "INVALID_REQUEST", "timeout_seconds"),
        ({"secret": SECRET, "label": "nul\0"}, "INVALID_REQUEST", "label"),
        ({"secret": SECRET, "label": "x" * 101}, "INVALID_REQUEST", "label"),
    ],
)
async def test_what_cannot_be_a_key_is_refused_and_not_stored(
    vault: Vault, more: dict[str, Any], reason: str, field: str
) -> None:
    account = new_account()
    with pytest.raises(grpc.aio.AioRpcError) as failed:
        await vault.keys().CreateApiKey(
            api_keys_pb2.CreateApiKeyRequest(**{"base_url": PRIVATE_URL} | more),
            metadata=await vault.passport(account),
        )
    assert failed.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    error = error_from_rpc(failed.value)
    assert error.reason == reason
    assert [name for name, _ in error.violations] == [field]
    assert more["secret"] == "" or more["secret"] not in str(error.violations) + error.message
    assert not (await listed(vault, account)).api_keys


async def test_a_key_for_a_listed_provider_needs_no_prefix(vault: Vault) -> None:
    made = await vault.add_key(new_account(), "gsk_0123456789abcdef")
    assert made.hint == "cdef"


async def test_the_first_key_is_active_and_another_can_be_chosen(vault: Vault) -> None:
    account = new_account()
    made = [await vault.add_key(account) for _ in range(3)]
    assert [key.active for key in made] == [True, False, False]
    chosen = await vault.keys().ActivateApiKey(
        api_keys_pb2.ActivateApiKeyRequest(name=made[2].name), metadata=await vault.passport(account)
    )
    assert chosen.active
    assert [key.active for key in (await listed(vault, account)).api_keys] == [True, False, False]
    await vault.keys().DeleteApiKey(
        api_keys_pb2.DeleteApiKeyRequest(name=made[2].name), metadata=await vault.passport(account)
    )
    assert [key.active for key in (await listed(vault, account)).api_keys] == [False, False]


async def test_keys_that_are_stored_at_once_give_one_active_key(vault: Vault) -> None:
    account = new_account()
    made = await asyncio.gather(*(vault.add_key(account) for _ in range(8)))
    assert sorted(key.active for key in made) == [False] * 7 + [True]
    assert sum(key.active for key in (await listed(vault, account)).api_keys) == 1
    (epochs,) = vault.query(
        "SELECT count(*), max(uses) FROM account_keys WHERE account = %s", account, keystore=True
    )
    assert epochs == (1, 8)


async def test_a_list_comes_in_pages_newest_first(vault: Vault) -> None:
    account = new_account()
    names = [(await vault.add_key(account, label=str(n))).name for n in range(5)]
    seen: list[str] = []
    token = ""
    for count in (2, 2, 1):
        page = await listed(vault, account, page_size=2, page_token=token)
        assert len(page.api_keys) == count
        seen += [key.name for key in page.api_keys]
        token = page.next_page_token
    assert seen == names[::-1]
    assert token == ""
    assert not (await listed(vault, new_account())).api_keys
    assert await reason_of(listed(vault, account, page_token="nonsense")) == "PAGE_TOKEN_INVALID"


@pytest.mark.promise("S30")
async def test_another_accounts_key_is_like_one_that_does_not_exist(vault: Vault) -> None:
    owner, stranger = new_account(), new_account()
    key = await vault.add_key(owner)
    keys, theirs = vault.keys(), await vault.passport(stranger)
    for name in (key.name, "apiKeys/aaaaaaaaaaaaaaaaaaaaaaaaaa"):
        for call in (
            keys.GetApiKey(api_keys_pb2.GetApiKeyRequest(name=name), metadata=theirs),
            keys.ActivateApiKey(api_keys_pb2.ActivateApiKeyRequest(name=name), metadata=theirs),
            keys.DeleteApiKey(api_keys_pb2.DeleteApiKeyRequest(name=name), metadata=theirs),
            keys.ListApiKeyUses(api_keys_pb2.ListApiKeyUsesRequest(parent=name), metadata=theirs),
            vault.directory().DescribeApiKey(api_keys_pb2.DescribeApiKeyRequest(name=name), metadata=theirs),
        ):
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await call
            assert failed.value.code() is grpc.StatusCode.NOT_FOUND
            assert error_from_rpc(failed.value).reason == "API_KEY_NOT_FOUND"
            assert failed.value.details() == "API key not found"
    assert (await listed(vault, owner)).api_keys[0].active


async def test_a_repeated_request_stores_one_key(vault: Vault) -> None:
    account = new_account()

    async def create(key: str, **more: Any) -> api_keys_pb2.ApiKey:
        who = await vault.passport(account)
        made: api_keys_pb2.ApiKey = await vault.keys().CreateApiKey(
            api_keys_pb2.CreateApiKeyRequest(**{"secret": SECRET, "base_url": PRIVATE_URL} | more),
            metadata=(*who, ("idempotency-key", key)),
        )
        return made

    first, *again = await asyncio.gather(*(create("one") for _ in range(4)))
    assert again == [first] * 3
    assert len((await listed(vault, account)).api_keys) == 1
    for other in ({"label": "x"}, {"secret": SECRET + "x"}, {"base_url": ""}):
        assert await reason_of(create("one", **other)) == "IDEMPOTENCY_KEY_REUSED"
    assert (await create("two")).name != first.name
    # What is kept of the request is a keyed digest, nobody else's hash of a guessed secret.
    (row,) = vault.query("SELECT digest FROM idempotency WHERE account = %s AND key = 'one'", account)
    assert len(row[0]) == 32


async def test_an_account_stores_at_most_a_hundred_keys(vault: Vault) -> None:
    account = new_account()
    await vault.add_key(account)
    vault.query(
        "INSERT INTO api_keys SELECT account, id || n, label, hint, base_url, false, suite, epoch,"
        " generation, blob, create_time FROM api_keys, generate_series(1, 99) n WHERE account = %s",
        account,
    )
    assert await reason_of(vault.add_key(account)) == "API_KEY_LIMIT"
    assert len((await listed(vault, account, page_size=1000)).api_keys) == 100


async def test_the_directory_describes_the_key_that_is_meant(vault: Vault) -> None:
    account = new_account()

    async def describe(name: str = "") -> api_keys_pb2.DescribeApiKeyResponse:
        answer: api_keys_pb2.DescribeApiKeyResponse = await vault.directory().DescribeApiKey(
            api_keys_pb2.DescribeApiKeyRequest(name=name), metadata=await vault.passport(account)
        )
        return answer

    assert await reason_of(describe()) == "NO_API_KEY"
    first = await vault.add_key(account)
    second = await vault.add_key(account, SECRET + "WXYZ")
    assert (await describe()).name == first.name
    assert await describe(second.name) == api_keys_pb2.DescribeApiKeyResponse(
        name=second.name, base_url=PRIVATE_URL, hint="WXYZ", kind="OPENAI"
    )
    assert await reason_of(describe("files/x")) == "INVALID_REQUEST"


@pytest.mark.promise("S01")
async def test_a_stored_secret_is_in_no_row_and_no_log_line(vault: Vault) -> None:
    account = new_account()
    secret, planted = "sk-canary-5f0d1b7a9c3e4d21", "planted-canary-8842"
    await vault.add_key(account, secret, label=planted)
    await reason_of(vault.add_key(account, secret + " "))

    def swept() -> str:
        found = vault.log()
        for keystore in (False, True):
            tables = vault.query(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
                keystore=keystore,
            )
            for (table,) in tables:
                rows = vault.query(f'SELECT t::text FROM "{table}" t', keystore=keystore)
                found += "\n".join(row[0] for row in rows)
        return found

    found = swept()
    assert planted in found
    for form in (secret, secret.encode().hex(), "c2stY2FuYXJ5LTVmMGQxYjdhOWMzZTRkMjE"):
        assert form not in found
