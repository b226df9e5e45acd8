"""Calls to the services' own ports with the certificates of the embedded stack."""

import asyncio
from collections.abc import AsyncIterator
from functools import cache

import grpc
import yaml
from envoy_auth.v3 import external_auth_pb2 as ext
from envoy_auth.v3 import external_auth_pb2_grpc as ext_grpc
from google.protobuf.message import Message

from tests.support.patience import PATIENCE_SECONDS
from tests.support.stack import Stack


@cache
def address_of(stack: Stack, service: str) -> str:
    """Return a service's own address, from the gateway's settings, which take seconds to read."""
    configuration = yaml.safe_load((stack.state_dir / "gateway" / "envoy.yaml").read_text())
    clusters = {cluster["name"]: cluster for cluster in configuration["static_resources"]["clusters"]}
    (endpoints,) = clusters[service]["load_assignment"]["endpoints"]
    address = endpoints["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]
    return f"{address['address']}:{address['port_value']}"


def channel(stack: Stack, service: str, caller: str | None) -> grpc.aio.Channel:
    """Open a channel to a service with the certificate of `caller`, or with none."""
    folder = stack.state_dir / "certs"
    authority = stack.ca_file.read_bytes()
    if caller is None:
        credentials = grpc.ssl_channel_credentials(authority)
    else:
        credentials = grpc.ssl_channel_credentials(
            authority, (folder / f"{caller}.key").read_bytes(), (folder / f"{caller}.pem").read_bytes()
        )
    return grpc.aio.secure_channel(
        address_of(stack, service), credentials, options=[("grpc.ssl_target_name_override", service)]
    )


async def passport(stack: Stack, token: str) -> str:
    """Return the passport that the gateway would add for a session token."""
    http = ext.AttributeContext.HttpRequest(
        method="GET", path="/v1/users/me", headers={"authorization": f"Bearer {token}"}
    )
    request = ext.CheckRequest(
        attributes=ext.AttributeContext(request=ext.AttributeContext.Request(http=http))
    )
    async with channel(stack, "auth", "gateway") as through:
        answer = await ext_grpc.AuthorizationStub(through).Check(request, timeout=PATIENCE_SECONDS)
    headers = {option.header.key: option.header.value for option in answer.ok_response.headers}
    return str(headers["x-smelt-passport"])


async def one_request(request: Message, *, refusal_expected: bool) -> AsyncIterator[Message]:
    """Yield a request to a streaming method, or hold it back if a refusal is expected.

    A refusal needs no message. About once in a thousand calls, a message that is being written when the
    refusal arrives makes grpc's client report its own write failure (INTERNAL) instead of the status.
    """
    if refusal_expected:
        await asyncio.Event().wait()
    yield request
