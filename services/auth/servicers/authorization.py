"""Envoy's check of every request: pass with a passport, or answer 401, 403 or 503. The default is 503."""

import asyncio

import grpc
from envoy_auth.v3 import external_auth_pb2 as envoy
from envoy_auth.v3 import external_auth_pb2_grpc as envoy_grpc
from google.protobuf import json_format

from services.auth.admission.check import Gate
from services.common.errors import DomainError, ScopeMissing, Unauthenticated, Unavailable
from services.common.identity import PASSPORT_KEY
from services.common.rpc.errors import status_of
from services.common.rpc.hearing_out import REFUSED_LATER

#: The gateway waits two seconds; a later answer would reach nobody.
_SECONDS = 1.8
#: `OVERWRITE_IF_EXISTS_OR_ADD` of Envoy's HeaderValueOption.
_OVERWRITE = 2


def _header(key: str, value: str) -> envoy.HeaderValueOption:
    return envoy.HeaderValueOption(append_action=_OVERWRITE, header=envoy.HeaderValue(key=key, value=value))


def _denied(http_status: int, error: DomainError, *headers: envoy.HeaderValueOption) -> envoy.CheckResponse:
    status = status_of(error)
    return envoy.CheckResponse(
        status=status,
        denied_response=envoy.DeniedHttpResponse(
            status=envoy.HttpStatus(code=http_status),
            headers=[_header("content-type", "application/json"), *headers],
            body=json_format.MessageToJson(status, indent=None, preserving_proto_field_name=True),
        ),
    )


# Made once, so that the bytes are the same whatever was wrong with the request.
_UNAUTHENTICATED = _denied(401, Unauthenticated(), _header("www-authenticate", "Bearer"))
_UNAVAILABLE = _denied(503, Unavailable())
# Nothing that opens a door: the service finds no passport and refuses, once it has read what is being sent.
_WITHOUT_PASSPORT = envoy.CheckResponse(
    status={},
    ok_response=envoy.OkHttpResponse(headers_to_remove=["authorization", "cookie", PASSPORT_KEY]),
)


class AuthorizationServicer(envoy_grpc.AuthorizationServicer):
    """Answers the gateway's checks."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def Check(
        self, request: envoy.CheckRequest, context: grpc.aio.ServicerContext[object, object]
    ) -> envoy.CheckResponse:
        http = request.attributes.request.http
        authorization = http.headers.get("authorization", "")
        later = REFUSED_LATER in request.attributes.context_extensions
        # The service looks at the scopes of what it gets; here, only a `GET` needs none but `read`.
        method = "GET" if later else http.method
        try:
            async with asyncio.timeout(_SECONDS):
                passport = await self._gate.admit(authorization, method=method)
        except Unauthenticated:
            return _WITHOUT_PASSPORT if later else _UNAUTHENTICATED
        except ScopeMissing as error:
            return _denied(403, error)
        except (DomainError, TimeoutError):
            return _UNAVAILABLE
        return envoy.CheckResponse(
            status={},
            ok_response=envoy.OkHttpResponse(
                headers=[_header(PASSPORT_KEY, passport)],
                headers_to_remove=["authorization", "cookie"],
            ),
        )
