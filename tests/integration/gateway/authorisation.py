"""An authorisation service for tests: the token itself says what happens to the request."""

import asyncio
import json
from typing import Any

import grpc
from envoy_auth.v3 import external_auth_pb2 as auth
from envoy_auth.v3 import external_auth_pb2_grpc

GOOD = "good"
LIMITED = "limited"
STUCK = "stuck"
OVERWRITE = 2


class Authorisation(external_auth_pb2_grpc.AuthorizationServicer):
    def __init__(self) -> None:
        self.asked: list[auth.CheckRequest] = []

    async def Check(self, request: Any, context: Any) -> auth.CheckResponse:
        self.asked.append(request)
        token = request.attributes.request.http.headers.get("authorization", "").removeprefix("Bearer ")
        if token == GOOD:
            passport = auth.HeaderValue(key="x-smelt-passport", value="passport of good")
            return auth.CheckResponse(
                ok_response=auth.OkHttpResponse(
                    headers=[auth.HeaderValueOption(header=passport, append_action=OVERWRITE)],
                    headers_to_remove=["authorization", "cookie"],
                )
            )
        if token == STUCK:
            await asyncio.sleep(30)
        if token == LIMITED:
            return _denied(429, 8, "TOO_MANY_REQUESTS", ("retry-after", "9"))
        return _denied(401, 16, "UNAUTHENTICATED", ("www-authenticate", "Bearer"))


def _denied(status: int, code: int, reason: str, header: tuple[str, str]) -> auth.CheckResponse:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "smelt"}
    response = auth.CheckResponse()
    response.status.code = code
    response.denied_response.status.code = status
    response.denied_response.body = json.dumps({"code": code, "message": "Sign in first", "details": [info]})
    extra = auth.HeaderValue(key=header[0], value=header[1])
    response.denied_response.headers.add(header=extra)
    return response


def add_to(authorisation: Authorisation, server: grpc.aio.Server) -> None:
    external_auth_pb2_grpc.add_AuthorizationServicer_to_server(authorisation, server)
