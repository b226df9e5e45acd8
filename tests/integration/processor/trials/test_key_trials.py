"""Testing an API key: one release under its own grant, one small call, and a reported result."""

from collections.abc import Iterator
from datetime import UTC
from typing import Any

import pytest
from smelt.processor.v1 import api_key_tests_pb2, api_key_tests_pb2_grpc

from deploy.local.certificates import Certificates
from services.common.ids import new_id
from tests.integration.processor.stand_in_services import World
from tests.integration.processor.stand_ins import StandIns
from tests.integration.processor.suite import Person, Suite, gateway_channel, refusal
from tests.support.patience import PATIENCE_SECONDS
from tests.support.ports import free_port
from tests.support.provider import Provider, authorization_sha256
from tests.support.vault.known import PROVIDER_SECRET, ApiKey
from tests.support.vault.stand_in import VaultStandIn

#: Has no templates, so a test asks one model.
TESTER = "tester"
SCHEMA = '{"type":"object","properties":{"a":{"type":"string"}}}'
NO_MODEL = '{"error":{"message":"No such model here","type":"not_found","code":"model_not_found"}}'
Result = api_key_tests_pb2.TestApiKeyResponse.Result


class Owner:
    """A person who tests an API key."""

    def __init__(self, suite: Suite, stand_ins: StandIns, account: str = TESTER) -> None:
        self._suite = suite
        self._metadata = (("x-smelt-passport", stand_ins.passport(account)),)

    async def template(self, model: str, **more: Any) -> None:
        async with gateway_channel(self._suite.certificates, self._suite.address) as channel:
            person = Person(channel, self._metadata[0][1])
            await person.template("Say {{x}}", model=model, **more)

    async def ask(self, name: str = "apiKeys/one", model: str = "") -> Any:
        request = api_key_tests_pb2.TestApiKeyRequest(name=name, model=model)
        async with gateway_channel(self._suite.certificates, self._suite.address) as channel:
            stub: Any = api_key_tests_pb2_grpc.ApiKeyTestServiceStub(channel)
            return await stub.TestApiKey(request, metadata=self._metadata, timeout=PATIENCE_SECONDS)

    async def result(self, **more: Any) -> str:
        return Result.Name((await self.ask(**more)).result)


@pytest.fixture
def owner(suite: Suite, stand_ins: StandIns, world: World, vault: VaultStandIn, provider: Provider) -> Owner:
    vault.key_tests.clear()
    world.minted.clear()
    return Owner(suite, stand_ins)


def noted(vault: VaultStandIn) -> list[tuple[str, str, str]]:
    """Return account, key and result of each trial that the vault heard of."""
    return [(each.account, each.name, each.result) for each in vault.key_tests]


async def test_a_key_is_released_once_for_one_small_call(
    owner: Owner, world: World, vault: VaultStandIn, provider: Provider
) -> None:
    answer = await owner.ask()
    assert (answer.name, Result.Name(answer.result)) == ("apiKeys/one", "VALID")
    assert answer.test_time.ToDatetime(UTC) == vault.key_tests[0].time
    assert world.minted == [("key-test", "apiKeys/one", 6)]
    assert noted(vault) == [(TESTER, "apiKeys/one", "VALID")]
    (seen,) = provider.requests()
    assert (seen["path"], seen["model"]) == ("/v1/chat/completions", "gpt-4o-mini")
    assert seen["parameters"] == {"max_tokens": 1, "temperature": 0.7, "stream": False}
    assert seen["authorization_sha256"] == authorization_sha256(PROVIDER_SECRET)
    await owner.ask(model="llama")
    assert provider.requests()[1]["model"] == "llama"


@pytest.mark.promise("S45")
@pytest.mark.parametrize(
    ("rule", "result"),
    [
        ({"action": "status", "status": 401, "echo_key": "full"}, "INVALID"),
        ({"action": "insufficient_quota"}, "NO_CREDITS"),
        ({"action": "status", "status": 429}, "VALID"),
        ({"action": "status", "status": 404}, "VALID"),
        ({"action": "status", "status": 503}, "UNREACHABLE"),
        ({"action": "reset"}, "UNREACHABLE"),
        ({"action": "cut_off"}, "UNREACHABLE"),
        ({"action": "html"}, "UNREACHABLE"),
        ({"action": "redirect"}, "UNREACHABLE"),
        ({"action": "huge"}, "UNREACHABLE"),
        ({"action": "wrong_types"}, "UNREACHABLE"),
    ],
)
async def test_whatever_a_provider_does_is_one_of_four_results(
    owner: Owner, vault: VaultStandIn, provider: Provider, rule: dict[str, Any], result: str
) -> None:
    provider.script(rule)
    answer = await owner.ask()
    assert Result.Name(answer.result) == result
    assert PROVIDER_SECRET not in answer.message
    assert noted(vault) == [(TESTER, "apiKeys/one", result)]
    # A trial is not repeated: it is paid for, and a person can try again.
    assert len(provider.requests()) == 1


async def test_each_model_of_the_templates_is_asked_as_a_row_asks(
    suite: Suite, stand_ins: StandIns, vault: VaultStandIn, provider: Provider
) -> None:
    owner = Owner(suite, stand_ins, f"models{new_id()}")
    await owner.template("fussy", temperature=0.2, json_schema=SCHEMA)
    await owner.template("absent")
    provider.script(
        {"action": "refuse_parameter", "parameter": "temperature", "model": "fussy"},
        {"action": "raw", "status": 404, "content": NO_MODEL, "model": "absent"},
    )
    answer = await owner.ask()
    assert Result.Name(answer.result) == "VALID"
    absent, fussy = sorted(answer.models, key=lambda each: each.model)
    assert (fussy.model, fussy.works, list(fussy.refused_parameters)) == ("fussy", True, ["temperature"])
    assert (absent.model, absent.works, absent.provider_message) == ("absent", False, "No such model here")
    last = [seen for seen in provider.requests() if seen["model"] == "fussy"][-1]
    assert "temperature" not in last["parameters"]
    assert last["parameters"]["response_format"]["type"] == "json_schema"
    # What was found out is known: neither a test nor a row is refused for it again.
    await owner.ask()
    assert len([seen for seen in provider.requests() if seen["model"] == "fussy"]) == 3


async def test_at_most_five_models_are_asked_and_the_others_are_named(
    suite: Suite, stand_ins: StandIns, vault: VaultStandIn, provider: Provider
) -> None:
    owner = Owner(suite, stand_ins, f"models{new_id()}")
    for number in range(7):
        await owner.template(f"m{number}")
    answer = await owner.ask()
    assert [each.model for each in answer.models] == ["m6", "m5", "m4", "m3", "m2"]
    assert list(answer.models_left_out) == ["m1", "m0"]
    assert len(provider.requests()) == 5


@pytest.mark.promise("S46")
@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "https://127.0.0.1/v1", "https://[::1]/v1"])
async def test_an_address_that_is_not_allowed_is_not_called(
    owner: Owner, vault: VaultStandIn, url: str
) -> None:
    vault.usual_key = ApiKey("apiKeys/one", url)
    assert await owner.result() == "UNREACHABLE"
    assert noted(vault) == [(TESTER, "apiKeys/one", "UNREACHABLE")]


@pytest.fixture(scope="module")
def hurried(certificates: Certificates, suite: Suite, stand_ins: StandIns) -> Iterator[Owner]:
    """The owner at a processor that gives providers half a second."""
    other = Suite(certificates, stand_ins, suite.provider, directory=suite.directory)
    other.settings = suite.settings | {"SMELT_KEY_TEST_SECONDS": "0.5"}
    other.address = f"127.0.0.1:{free_port()}"
    try:
        other.serve()
        yield Owner(other, stand_ins)
    finally:
        other.stop()


@pytest.mark.promise("S45")
@pytest.mark.parametrize("rule", [{"action": "slow", "seconds": 60.0}, {"action": "trickle"}])
async def test_a_provider_that_hangs_is_unreachable_within_the_deadline(
    hurried: Owner, vault: VaultStandIn, provider: Provider, rule: dict[str, Any]
) -> None:
    provider.script(rule)
    assert await hurried.result() == "UNREACHABLE"


async def test_a_key_that_is_not_released_is_not_tried(
    owner: Owner, vault: VaultStandIn, provider: Provider
) -> None:
    vault.refuse("ReleaseApiKeys", "API_KEY_DELETED")
    assert await refusal(owner.ask()) == "API_KEY_DELETED"
    assert (provider.requests(), noted(vault)) == ([], [])


@pytest.mark.promise("S46")
async def test_people_do_not_try_the_operators_key(owner: Owner, world: World, provider: Provider) -> None:
    assert await refusal(owner.ask("apiKeys/managed")) == "API_KEY_NOT_FOUND"
    assert (provider.requests(), world.minted) == ([], [])
