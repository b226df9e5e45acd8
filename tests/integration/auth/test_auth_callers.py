"""Who may call what: every method of auth with every certificate, with none, and without a person."""

from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pool, message_factory

from services.auth.policy import POLICY
from services.common.identity import PASSPORT_KEY
from tests.integration.auth.auth_server import Auth, refusal
from tests.support.patience import PATIENCE_SECONDS

EVERYONE = ("gateway", "auth", "vault", "files", "processor", "operator")
ALLOWED = {method: allow.callers for method, allow in POLICY.items()}
NEEDS_PASSPORT = [method for method, allow in POLICY.items() if allow.needs == "passport"]


def call(channel: grpc.aio.Channel, method: str, metadata: tuple[tuple[str, str], ...] = ()) -> Any:
    """Call a method by its name with an empty request."""
    service, _, name = method.removeprefix("/").partition("/")
    described = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    request = message_factory.GetMessageClass(described.input_type)
    answer = message_factory.GetMessageClass(described.output_type)
    rpc = channel.unary_unary(
        method, request_serializer=request.SerializeToString, response_deserializer=answer.FromString
    )
    return rpc(request(), metadata=metadata, timeout=PATIENCE_SECONDS)


@pytest.mark.promise("S50")
@pytest.mark.parametrize("caller", EVERYONE)
async def test_each_method_takes_its_own_callers_certificate_and_no_other(auth: Auth, caller: str) -> None:
    async with auth.as_caller(caller) as channel:
        for method, allowed in ALLOWED.items():
            try:
                await call(channel, method)
                reason = "OK"
            except grpc.aio.AioRpcError as error:
                reason = "CALLER_NOT_ALLOWED" if error.code() is grpc.StatusCode.PERMISSION_DENIED else "OK"
            assert reason == ("OK" if caller in allowed else "CALLER_NOT_ALLOWED"), method


@pytest.mark.promise("S50")
async def test_without_a_certificate_there_is_no_connection(auth: Auth) -> None:
    authority = auth.certificates.ca_file.read_bytes()
    credentials = grpc.ssl_channel_credentials(authority)
    async with grpc.aio.secure_channel(auth.address, credentials) as channel:
        for method in POLICY:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await call(channel, method)
            assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


@pytest.mark.promise("S26")
@pytest.mark.parametrize("method", NEEDS_PASSPORT)
async def test_only_a_passport_speaks_for_a_person(auth: Auth, method: str) -> None:
    person = auth.person()
    claims = {"sub": person.account, "sid": person.session, "scopes": ["read", "write", "account"]}
    grant = auth.vault.token("grant", claims)
    async with auth.as_caller(min(ALLOWED[method])) as channel:
        for metadata in (
            (),
            ((PASSPORT_KEY, ""),),
            ((PASSPORT_KEY, person.token),),
            ((PASSPORT_KEY, grant),),
            (("x-smelt-grant", grant),),
            ((PASSPORT_KEY, auth.vault.token("passport", claims, key=auth.vault.keys["session"])),),
            ((PASSPORT_KEY, auth.vault.token("passport", {**claims, "exp": 1})),),
            ((PASSPORT_KEY, auth.vault.token("passport", {**claims, "sid": None})),),
            (("authorization", person.header), ("x-smelt-account", person.account)),
        ):
            assert (await refusal(call(channel, method, metadata)))[0] == "UNAUTHENTICATED"
