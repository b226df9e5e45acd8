"""What the edge refuses, always in one shape and with the same headers."""

import asyncio
import json
import ssl
from typing import Any

import grpc
import pytest

from gateway.routes import MULTIPART_BYTES
from services.common.rpc.hearing_out import MOST_BYTES
from tests.integration.gateway.conftest import MAX_UPLOAD_BYTES, Edge, assert_safe, error_of
from tests.integration.gateway.wire import tls

pytestmark = pytest.mark.xdist_group("gateway")
HEAD = b"Host: x\r\nConnection: close\r\n"
JSON = {"Content-Type": "application/json"}


# Python itself warns of versions as old as these.
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.promise("S50")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
async def test_old_tls_is_refused(edge: Edge, version: ssl.TLSVersion) -> None:
    context = tls(edge.ca_file, "http/1.1")
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", edge.port, ssl=context)


@pytest.mark.promise("S50")
async def test_nothing_answers_without_tls(edge: Edge) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    try:
        assert await reader.read() == b""
    except ConnectionError:
        pass
    finally:
        writer.close()


@pytest.mark.promise("S54")
@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("GET", "/", (404, 5, "ROUTE_NOT_FOUND")),
        ("GET", "/v2/files", (404, 5, "ROUTE_NOT_FOUND")),
        ("GET", "/v1/files/", (404, 5, "ROUTE_NOT_FOUND")),
        ("GET", "/v1/files/a/b", (404, 5, "ROUTE_NOT_FOUND")),
        ("POST", "/v1/files/a:unknown", (404, 5, "ROUTE_NOT_FOUND")),
        ("POST", "/smelt.vault.v1.SigningService/Sign", (404, 5, "ROUTE_NOT_FOUND")),
        ("POST", "/smelt.auth.v1.UserService/CreateUser", (404, 5, "ROUTE_NOT_FOUND")),
        ("GET", "/v1/users/../../smelt.vault.v1.SigningService/Sign", (404, 5, "ROUTE_NOT_FOUND")),
        ("PUT", "/v1/files", (405, 12, "METHOD_NOT_ALLOWED")),
        ("GET", "/v1/users", (405, 12, "METHOD_NOT_ALLOWED")),
        ("OPTIONS", "/v1/templates", (405, 12, "METHOD_NOT_ALLOWED")),
        ("TRACE", "/v1/templates", (405, 12, "METHOD_NOT_ALLOWED")),
        ("FOO", "/v1/templates", (400, 3, "INVALID_REQUEST")),
        ("GET", "/v1/files?unknown=1", (400, 3, "INVALID_REQUEST")),
        ("GET", "/v1/files?page_size=many", (400, 3, "INVALID_REQUEST")),
        ("GET", "/v1/files%2Fabc", (400, 3, "INVALID_REQUEST")),
        ("GET", "/v1/files%5Cabc", (400, 3, "INVALID_REQUEST")),
        ("GET", "/v1/files/%00", (400, 3, "INVALID_REQUEST")),
        ("GET", "/v1/apiKeys/abc", (404, 5, "THING_NOT_FOUND")),
    ],
)
async def test_refusals_have_one_shape(
    edge: Edge, method: str, path: str, refusal: tuple[int, int, str]
) -> None:
    request = f"{method} {path} HTTP/1.1\r\nAuthorization: Bearer good\r\n".encode() + HEAD + b"\r\n"
    answer = await edge.raw(request)
    assert answer is not None
    assert error_of(answer)[:3] == refusal


async def test_unknown_routes_do_not_ask_auth(edge: Edge) -> None:
    before = len(edge.backend.authorisation.asked)
    for method, path in (
        ("GET", "/v1/nothing"),
        ("PUT", "/v1/files"),
        ("POST", "/v1/users"),
        ("GET", "/healthz"),
    ):
        await edge.call(method, path, token=None)
    assert len(edge.backend.authorisation.asked) == before


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/files", "GET, HEAD"),
        ("/v1/files:upload", "POST"),
        ("/v1/templates", "GET, HEAD, POST"),
        ("/v1/templates/abc", "DELETE, GET, HEAD, PATCH"),
        ("/v1/jobs/abc:cancel", "POST"),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(edge: Edge, path: str, allowed: str) -> None:
    answer = await edge.call("PUT", path)
    assert error_of(answer)[:3] == (405, 12, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == allowed


@pytest.mark.parametrize(
    ("path", "headers", "body"),
    [
        ("/v1/users", {"Content-Type": "application/x-www-form-urlencoded"}, b"{}"),
        ("/v1/users", {"Content-Type": "text/plain"}, b"{}"),
        ("/v1/users", {"Content-Type": "application/json; charset=latin-1"}, b"{}"),
        ("/v1/users", {"Content-Type": "application/grpc"}, b"{}"),
        ("/v1/users", {"Content-Type": "application/json, text/plain"}, b"{}"),
        ("/v1/jobs/abc:cancel", {"Content-Type": "multipart/form-data; boundary=x"}, b"{}"),
        ("/v1/users", {**JSON, "Content-Encoding": "gzip"}, b"{}"),
        ("/v1/files:upload", {"Content-Type": "text/csv", "Content-Encoding": "gzip"}, b"a,b"),
        ("/v1/files:upload", {"Content-Type": "text/csv", "Content-Encoding": "identity, br"}, b"a,b"),
    ],
)
async def test_what_is_not_plain_json_is_415(
    edge: Edge, path: str, headers: dict[str, str], body: bytes
) -> None:
    answer = await edge.call("POST", path, headers=headers, data=body)
    assert error_of(answer)[:3] == (415, 3, "UNSUPPORTED_MEDIA_TYPE")


async def test_a_body_without_a_type_is_415(edge: Edge) -> None:
    answer = await edge.raw(b"POST /v1/users HTTP/1.1\r\n" + HEAD + b"Content-Length: 2\r\n\r\n{}")
    assert answer is not None
    assert error_of(answer)[:3] == (415, 3, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("identity", ["identity", "Identity"])
async def test_identity_is_no_encoding(edge: Edge, identity: str) -> None:
    answer = await edge.call("POST", "/v1/users", headers={**JSON, "Content-Encoding": identity}, data=b"{}")
    assert answer.status == 201


@pytest.mark.promise("S53")
async def test_bodies_are_bounded(edge: Edge) -> None:
    template = {"prompt": "\U0001f600" * 50_000}
    escaped = json.dumps(template, ensure_ascii=True)
    assert (await edge.call("POST", "/v1/templates", data=escaped, headers=JSON)).status == 201
    start = b"POST /v1/users HTTP/1.1\r\nContent-Type: application/json\r\n" + HEAD
    declared = await edge.raw(start + b"Content-Length: 1048577\r\n\r\n")
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    chunked = await edge.raw(start + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 17)
    for answer in (declared, chunked):
        assert answer is not None
        assert error_of(answer)[:3] == (413, 8, "BODY_TOO_LARGE")


@pytest.mark.promise("S53")
async def test_a_file_that_is_too_large_is_refused_before_it_is_sent(edge: Edge) -> None:
    """One that is a little larger goes to the service, which reads it before it refuses."""
    least = MAX_UPLOAD_BYTES + MULTIPART_BYTES + MOST_BYTES + 1
    for length, token in ((least, "good"), (10**15, "other")):
        answer = await edge.raw(
            b"POST /v1/files:upload HTTP/1.1\r\nAuthorization: Bearer %b\r\n" % token.encode()
            + HEAD
            + b"Content-Length: %d\r\n\r\n" % length
        )
        assert answer is not None
        assert error_of(answer) == (413, 8, "FILE_TOO_LARGE", "File too large")


async def test_a_file_that_turns_out_too_large_is_refused_alike(edge: Edge) -> None:
    answer = await edge.call("POST", "/v1/files:upload?filename=huge", data=b"x" * 10_000)
    assert error_of(answer) == (413, 8, "FILE_TOO_LARGE", "File too large")


async def test_a_file_that_comes_too_slowly_is_a_timeout(edge: Edge) -> None:
    answer = await edge.call("POST", "/v1/files:upload?filename=slow", data=b"x")
    assert error_of(answer) == (408, 4, "UPLOAD_TOO_SLOW", "Too slow")


@pytest.mark.promise("S54")
@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"email": 5}',
        b'{"email": "\\ud800"}',
        b'{"email": "\xff"}',
        b'{"email": {"a": 1}}',
        b'{"email":' * 300,
        b"\x00",
        b"{}{}",
    ],
)
async def test_a_body_that_is_not_the_right_json_is_400(edge: Edge, body: bytes) -> None:
    answer = await edge.call("POST", "/v1/users", data=body, headers=JSON)
    status, code, reason, message = error_of(answer)
    assert (status, code, reason) == (400, 3, "INVALID_REQUEST")
    assert message


@pytest.mark.promise("S01")
async def test_neither_a_refusal_nor_the_log_quotes_a_body(edge: Edge) -> None:
    secret = "sk-7c1f4e"
    for body in (f'{{"label": "a", "secret": "{secret}" x}}', f'{{"secret": "{secret}\\ud800"}}'):
        answer = await edge.call("POST", "/v1/apiKeys", data=body, headers=JSON)
        assert error_of(answer)[:3] == (400, 3, "INVALID_REQUEST")
        assert secret.encode() not in answer.body
        assert b"7c1f" not in answer.body
    assert secret not in edge.log.read_text()


@pytest.mark.promise("S51")
@pytest.mark.parametrize(
    ("request_bytes", "status", "reason"),
    [
        (b"NONSENSE\r\n\r\n", 400, "INVALID_REQUEST"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "INVALID_REQUEST"),
        (b"GET / HTTP/1.1\r\n" + HEAD + b"a b: c\r\n\r\n", 400, "INVALID_REQUEST"),
        (b"GET / HTTP/1.1\r\n" + HEAD + b"a: b\x00c\r\n\r\n", 400, "INVALID_REQUEST"),
        (b"GET / HTTP/1.0\r\n" + HEAD + b"\r\n", 426, "UPGRADE_REQUIRED"),
        (
            b"POST /v1/users HTTP/1.1\r\n" + HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400,
            "INVALID_REQUEST",
        ),
        (
            b"POST /v1/users HTTP/1.1\r\n"
            + HEAD
            + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
            "INVALID_REQUEST",
        ),
        (
            b"POST /v1/users HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
            501,
            "NOT_IMPLEMENTED",
        ),
        (b"GET / HTTP/1.1\r\n" + HEAD + b"a: " + b"b" * 20_000 + b"\r\n\r\n", 431, "HEADERS_TOO_LARGE"),
        (b"GET / HTTP/1.1\r\n" + HEAD + b"a: b\r\n" * 100 + b"\r\n", 431, "HEADERS_TOO_LARGE"),
        (b"CONNECT evil:443 HTTP/1.1\r\n" + HEAD + b"\r\n", 403, "FORBIDDEN"),
        (
            b"GET /v1/files HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
            403,
            "FORBIDDEN",
        ),
    ],
)
async def test_refusals_before_routing_have_every_header(
    edge: Edge, request_bytes: bytes, status: int, reason: str
) -> None:
    answer = await edge.raw(request_bytes)
    assert answer is not None
    assert (error_of(answer)[0], error_of(answer)[2]) == (status, reason)
    assert error_of(answer)[3]


@pytest.mark.promise("S51")
@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/healthz", "application/json"),
        ("/openapi.json", "application/json"),
        ("/v1/installation", "application/json"),
        ("/.well-known/security.txt", "text/plain; charset=utf-8"),
        ("/reset-password", "text/plain; charset=utf-8"),
        ("/sign-in", "text/plain; charset=utf-8"),
        ("/verify-email", "text/plain; charset=utf-8"),
    ],
)
async def test_documents_are_open_and_safe(edge: Edge, path: str, content_type: str) -> None:
    answer = await edge.call("GET", path, token=None)
    assert answer.status == 200
    assert answer.headers["content-type"] == content_type
    assert_safe(answer)
    assert answer.body
    head = await edge.call("HEAD", path, token=None)
    assert head.status == 200
    assert head.headers["content-length"] == str(len(answer.body))


@pytest.mark.promise("S50")
async def test_no_service_can_be_called_by_grpc_at_the_edge(edge: Edge) -> None:
    asked = len(edge.backend.authorisation.asked)
    seen = len(edge.notes.calls["GetCurrentUser"])
    credentials = grpc.ssl_channel_credentials(edge.ca_file.read_bytes())
    async with grpc.aio.secure_channel(f"localhost:{edge.port}", credentials) as channel:
        for method in ("/smelt.vault.v1.SigningService/Sign", "/smelt.auth.v1.UserService/GetCurrentUser"):
            call: Any = channel.unary_unary(method)
            with pytest.raises(grpc.aio.AioRpcError):
                await call(b"", metadata=[("authorization", "Bearer good")])
    answer = await edge.call("GET", "/v1/users/me", headers={"Content-Type": "application/grpc-web"})
    assert error_of(answer)[:3] == (415, 3, "UNSUPPORTED_MEDIA_TYPE")
    assert len(edge.backend.authorisation.asked) == asked
    assert len(edge.notes.calls["GetCurrentUser"]) == seen
