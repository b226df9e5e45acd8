"""The client for providers: bounded in time and bytes, and independent of its environment."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.common.key_kinds import KeyKind
from services.common.version import VERSION
from services.processor.outside import Released
from services.processor.provider.addresses import AddressNotAllowed, Endpoints
from services.processor.provider.answer import Answer, Unusable
from services.processor.provider.exchange import Limits
from services.processor.provider.failures import TIMED_OUT, TOO_LARGE
from services.processor.provider.official import OfficialClient
from services.processor.provider.provider import Provider as Client
from services.processor.provider.provider import directly
from tests.support.provider import Provider, authorization_sha256

SECRET = b"sk-of-the-call"
BODY = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture(params=[directly, OfficialClient], ids=["directly", "officially"])
async def client(
    request: pytest.FixtureRequest, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Client]:
    for name, value in {
        "OPENAI_API_KEY": "sk-of-the-environment",
        "OPENAI_ORG_ID": "org-of-the-environment",
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
        monkeypatch.setenv(name.lower(), value)
    limits = Limits(connect_seconds=1, total_seconds=1, answer_bytes=100_000)
    made = Client(Endpoints([provider.address]), limits, way=request.param)
    yield made
    await made.close()


async def ask(client: Client, provider: Provider, **rule: Any) -> Answer | Unusable:
    if rule:
        provider.script(rule)
    return await client.ask(Released(SECRET, provider.base_url), BODY, account="ada")


async def test_neither_proxies_nor_keys_of_the_environment_reach_a_call(
    client: Client, provider: Provider
) -> None:
    assert isinstance(await ask(client, provider), Answer)
    seen = provider.requests()[-1]
    assert seen["authorization_sha256"] == authorization_sha256(SECRET.decode())


async def test_a_call_says_which_program_makes_it_and_nothing_else(
    client: Client, provider: Provider
) -> None:
    await ask(client, provider)
    seen = provider.requests()[-1]
    assert seen["user_agent"] == f"smelt/{VERSION}"
    assert {name.lower() for name in seen["header_names"]} == {
        *("host", "authorization", "content-type", "content-length"),
        *("user-agent", "accept", "accept-encoding"),
    }


async def test_a_key_for_azure_is_sent_as_azure_wants_it_and_in_no_other_header(
    client: Client, provider: Provider
) -> None:
    base = f"http://{provider.address}/openai/deployments/d?api-version=2024-10-21"
    key = Released(SECRET, base, KeyKind.AZURE_OPENAI)
    assert isinstance(await client.ask(key, BODY, account="ada"), Answer)
    seen = provider.requests()[-1]
    assert seen["authorization_sha256"] == authorization_sha256(SECRET.decode())
    assert (seen["path"], seen["query"]) == (
        "/openai/deployments/d/chat/completions",
        "api-version=2024-10-21",
    )
    assert {name.lower() for name in seen["header_names"]} == {
        *("host", "api-key", "content-type", "content-length"),
        *("user-agent", "accept", "accept-encoding"),
    }


async def test_a_key_may_give_its_provider_more_time_than_others(client: Client, provider: Provider) -> None:
    provider.script({"action": "slow", "seconds": 1.5})
    patient = Released(SECRET, provider.base_url, timeout_seconds=900)
    assert isinstance(await client.ask(patient, BODY, account="ada"), Answer)
    assert isinstance(await ask(client, provider), Unusable)


# Neither answer ends before this test's own timeout.
@pytest.mark.parametrize("rule", [{"action": "slow", "seconds": 600}, {"action": "trickle"}])
async def test_a_call_ends_after_its_whole_time_also_when_bytes_still_come(
    client: Client, provider: Provider, rule: dict[str, Any]
) -> None:
    said = await ask(client, provider, **rule)
    assert isinstance(said, Unusable)
    assert said.failure is TIMED_OUT


async def test_an_answer_beyond_the_cap_is_dropped(client: Client, provider: Provider) -> None:
    said = await ask(client, provider, action="huge", megabytes=5)
    assert isinstance(said, Unusable)
    assert said.failure is TOO_LARGE


async def test_a_redirect_is_not_followed(client: Client, provider: Provider) -> None:
    said = await ask(client, provider, action="redirect", location=f"{provider.base_url}/chat/completions")
    assert isinstance(said, Unusable)
    assert said.failure.reason == "PROVIDER_REJECTED"
    assert len(provider.requests()) == 1


async def test_an_address_inside_is_not_called(client: Client) -> None:
    for url in ("http://127.0.0.1:1/v1", "https://169.254.169.254/v1", "https://[::1]/v1"):
        with pytest.raises(AddressNotAllowed):
            await client.ask(Released(SECRET, url), BODY, account="ada")


async def test_limits_that_are_told_come_with_the_answer(client: Client, provider: Provider) -> None:
    provider.script(limit={"calls": 1, "window_seconds": 60})
    said = [await ask(client, provider) for _ in range(2)]
    assert isinstance(said[0], Answer)
    assert isinstance(said[1], Unusable)
    assert said[1].failure.reason == "PROVIDER_RATE_LIMITED"
    assert [each.told and each.told.limit_requests for each in said] == ["1", "1"]
