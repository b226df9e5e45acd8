"""Which caller may use which method: every certificate against every method, from the descriptors."""

import importlib
from typing import Any

import grpc
import pytest

from services.common import identity
from services.common.rpc.errors import error_from_rpc
from tests.e2e import contracts
from tests.support.patience import PATIENCE_SECONDS
from tests.support.stack import Stack
from tests.support.wire import channel, one_request

CALLERS = ["auth", "files", "gateway", "operator", "processor", "vault"]
SERVICES = ["auth", "vault", "files", "processor"]
KINDS = {
    (False, False): "unary_unary",
    (False, True): "unary_stream",
    (True, False): "stream_unary",
    (True, True): "stream_stream",
}


async def attempt(
    through: grpc.aio.Channel, method: contracts.Method, *, refusal_expected: bool = False
) -> str:
    """Call a method with an empty request; return the reason of the refusal, or OK."""
    kind = KINDS[method.request_streaming, method.response_streaming]
    call: Any = getattr(through, kind)(
        method.full_name, request_serializer=lambda message: message.SerializeToString()
    )
    request = contracts.empty_request(method)
    try:
        sent: Any = request
        if method.request_streaming:
            sent = one_request(request, refusal_expected=refusal_expected)
        started = call(sent, timeout=PATIENCE_SECONDS)
        if method.response_streaming:
            async for _ in started:
                break
        else:
            await started
    except grpc.aio.AioRpcError as error:
        if error.code() is grpc.StatusCode.UNAVAILABLE and not error.trailing_metadata():
            return "NO_CONNECTION"
        return error_from_rpc(error).reason
    return "OK"


def allowed(method: contracts.Method) -> frozenset[str]:
    """Return the callers on the method's list."""
    policy = importlib.import_module(f"services.{method.package}.policy").POLICY
    callers: frozenset[str] = policy[method.full_name].callers
    return callers


@pytest.mark.promise("S50")
@pytest.mark.parametrize("caller", CALLERS)
async def test_only_listed_callers_get_past_the_door(stack: Stack, caller: str) -> None:
    for service in SERVICES:
        async with channel(stack, service, caller) as through:
            for method in contracts.methods():
                if service in method.services:
                    expected = caller not in allowed(method)
                    said = await attempt(through, method, refusal_expected=expected)
                    assert (said == "CALLER_NOT_ALLOWED") == expected, (caller, method.full_name, said)


@pytest.mark.promise("S50")
@pytest.mark.parametrize("service", SERVICES)
async def test_without_a_certificate_there_is_no_connection(stack: Stack, service: str) -> None:
    async with channel(stack, service, None) as through:
        for method in contracts.methods():
            if service in method.services:
                assert await attempt(through, method) == "NO_CONNECTION"


@pytest.mark.promise("S02")
def test_only_the_release_stream_can_carry_a_stored_key() -> None:
    """No answer to a person has a field for a secret; only the processor is on the release list."""
    carriers = set()
    for method in contracts.methods():
        output = _output(method)
        if "smelt.vault.v1.ReleasedApiKey" in _messages(output):
            carriers.add(method.full_name)
        if method.bindings:
            fields = {field for message in _messages(output) for field in _fields(message)}
            assert not fields & {"secret", "password", "key", "wrapped_key"}, method.full_name
    assert carriers == {"/smelt.vault.v1.KeyReleaseService/ReleaseApiKeys"}
    release = next(m for m in contracts.methods() if m.full_name in carriers)
    assert allowed(release) == {identity.PROCESSOR}


@pytest.mark.promise("S50")
def test_the_policies_name_only_known_callers() -> None:
    known = set(CALLERS)
    assert all(allowed(method) <= known for method in contracts.methods())
    assert not any(identity.GATEWAY in allowed(m) for m in contracts.methods() if not m.bindings)


def _output(method: contracts.Method) -> Any:
    made, _ = contracts.pool()
    service, name = method.full_name.removeprefix("/").split("/")
    return made.FindServiceByName(service).methods_by_name[name].output_type


def _messages(message: Any, seen: frozenset[str] = frozenset()) -> frozenset[str]:
    if message.full_name in seen:
        return seen
    seen |= {message.full_name}
    for field in message.fields:
        if field.message_type is not None:
            seen = _messages(field.message_type, seen)
    return seen


def _fields(full_name: str) -> set[str]:
    message = contracts.pool()[0].FindMessageTypeByName(full_name)
    # The key and value of a map entry are internals of protobuf, not our fields. A yes or no is no secret.
    if message.GetOptions().map_entry:
        return set()
    return {field.name for field in message.fields if field.type != field.TYPE_BOOL}
