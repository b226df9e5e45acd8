"""What the edge forwards, and how it returns answers."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.ports import PortBlock
from tests.integration.gateway.authorisation import LIMITED, STUCK
from tests.integration.gateway.backend import CONTENT
from tests.integration.gateway.conftest import Edge, another_edge, assert_safe, error_of, gateway_settings
from tests.support.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.xdist_group("gateway")


async def test_a_service_sees_the_passport_and_never_the_session(edge: Edge) -> None:
    answer = await edge.call("GET", "/v1/users/me", headers={"Cookie": "a=b", "User-Agent": "test"})
    assert answer.status == 200
    assert_safe(answer)
    metadata = edge.notes.last("GetCurrentUser").metadata
    assert metadata["x-smelt-passport"] == "passport of good"
    assert metadata["x-request-id"] == answer.headers["x-request-id"]
    assert metadata["x-smelt-user-agent"] == "test"
    assert not {"authorization", "cookie"} & metadata.keys()


@pytest.mark.promise("S52")
@pytest.mark.parametrize(
    "name",
    [
        "x-smelt-passport",
        "X-Smelt-Grant",
        "x-smelt-user-agent",
        "x_smelt_passport",
        "x-envoy-original-path",
        "x-envoy-external-address",
        "x-envoy-upstream-rq-timeout-ms",
        "x-forwarded-for",
        "x-real-ip",
        "forwarded",
        "x-http-status",
        "x-content-length",
        "x-request-id",
        "x-user-id",
        "grpc-timeout",
        "grpc-metadata-x-smelt-passport",
        "x-trace-bin",
        "te",
    ],
)
@pytest.mark.parametrize("path", ["/v1/users/me", "/v1/users"])
async def test_what_clients_claim_to_be_is_dropped(edge: Edge, name: str, path: str) -> None:
    method, rpc = ("GET", "GetCurrentUser") if path.endswith("me") else ("POST", "CreateUser")
    more: dict[str, Any] = {"json": {}} if method == "POST" else {}
    answer = await edge.call(method, path, headers={name: "forged"}, **more)
    assert answer.status in (200, 201)
    values = edge.notes.last(rpc).metadata.values()
    assert not [value for value in values if "forged" in str(value)]
    asked = edge.backend.authorisation.asked
    if method == "GET":
        assert "forged" not in str(asked[-1])


@pytest.mark.promise("S21")
async def test_behind_a_proxy_the_client_address_is_the_proxys_word_and_not_the_clients(
    edge: Edge, tmp_path: Path
) -> None:
    with PortBlock.reserve() as ports:
        port = ports.take()
    settings = gateway_settings(edge.certificates, port, edge.backend.ports)
    proxied = settings.model_copy(update={"trusted_proxies": 1})
    async with another_edge(edge, proxied, tmp_path) as behind:
        for sent, seen in (
            ("203.0.113.9", "203.0.113.9"),
            ("10.9.8.7, 203.0.113.9", "203.0.113.9"),
            ("", "127.0.0.1"),
            ("nonsense", "127.0.0.1"),
        ):
            headers = {"x-forwarded-for": sent, "x-envoy-external-address": "192.0.2.1"}
            answer = await behind.call("POST", "/v1/users", token=None, json={}, headers=headers)
            assert answer.status in (201, 400)
            assert edge.notes.last("CreateUser").metadata["x-envoy-external-address"] == seen
            assert "x-forwarded-for" not in edge.notes.last("CreateUser").metadata


@pytest.mark.promise("S21")
async def test_the_client_address_is_that_of_the_connection(edge: Edge) -> None:
    headers = {"X-Forwarded-For": "203.0.113.9", "X-Envoy-External-Address": "203.0.113.9"}
    await edge.call("POST", "/v1/users", headers=headers, json={})
    assert edge.notes.last("CreateUser").metadata["x-envoy-external-address"] == "127.0.0.1"
    await edge.call("GET", "/v1/users/me", headers=headers)
    asked = edge.backend.authorisation.asked[-1].attributes.request.http
    assert asked.headers["x-envoy-external-address"] == "127.0.0.1"
    assert (asked.method, asked.path) == ("GET", "/v1/users/me")
    assert set(asked.headers) == {"authorization", "user-agent", "x-envoy-external-address", "x-request-id"}


async def test_long_headers_reach_no_service_at_full_length(edge: Edge) -> None:
    headers = {"Idempotency-Key": "k" * 4000, "User-Agent": "u" * 4000}
    name = "n" * 4000
    answer = await edge.call(
        "POST", "/v1/files:upload", params={"filename": name}, data=b"a", headers=headers
    )
    assert answer.status == 201
    seen = edge.notes.last("UploadFile")
    assert seen.request.filename == name
    assert sum(len(value) for value in seen.metadata.values()) < 2500
    assert len(seen.metadata["idempotency-key"]) == 300


async def test_a_service_is_told_how_much_time_it_has(edge: Edge) -> None:
    await edge.call("GET", "/v1/files/abc")
    seconds = edge.notes.last("GetFile").seconds_left
    assert seconds is not None
    assert 14 < seconds < 17


@pytest.mark.promise("S52")
async def test_no_session_no_answer(edge: Edge) -> None:
    for token in (None, "other"):
        answer = await edge.call("GET", "/v1/files", token=token)
        assert error_of(answer)[:3] == (401, 16, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_two_tokens_count_as_none(edge: Edge) -> None:
    answer = await edge.raw(
        b"GET /v1/users/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Authorization: Bearer good\r\nAuthorization: Bearer other\r\n\r\n"
    )
    assert answer is not None
    assert answer.status == 401


@pytest.mark.promise("S54")
async def test_what_goes_wrong_inside_stays_inside(edge: Edge) -> None:
    answer = await edge.call("POST", "/v1/sessions", token=None, json={"email": "broken", "password": "p"})
    assert error_of(answer) == (500, 13, "INTERNAL", "internal error")


async def test_limits_come_with_their_wait(edge: Edge) -> None:
    by_auth = await edge.call("GET", "/v1/files", token=LIMITED)
    assert error_of(by_auth)[:3] == (429, 8, "TOO_MANY_REQUESTS")
    assert by_auth.headers["retry-after"] == "9"
    by_service = await edge.call(
        "POST", "/v1/sessions", token=None, json={"email": "limited", "password": "p"}
    )
    assert error_of(by_service)[:3] == (429, 8, "LOGIN_RATE_LIMITED")
    assert by_service.headers["retry-after"] == "7"


@pytest.mark.promise("S52")
async def test_an_authorisation_that_hangs_means_closed(edge: Edge) -> None:
    answer = await edge.call("GET", "/v1/files", token=STUCK)
    assert error_of(answer)[:3] == (503, 14, "UNAVAILABLE")


@pytest.mark.promise("S52")
async def test_an_authorisation_that_is_down_means_closed(edge: Edge) -> None:
    port = edge.backend.ports["auth"]
    await edge.backend.stop("auth")
    try:
        answer = await edge.call("GET", "/v1/files")
        assert error_of(answer)[:3] == (503, 14, "UNAVAILABLE")
        assert error_of(await edge.call("POST", "/v1/users", json={}))[:3] == (503, 14, "UNAVAILABLE")
        assert (await edge.call("GET", "/healthz")).status == 200
    finally:
        await edge.backend.start("auth", edge.peer("auth"), port)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await edge.call("GET", "/v1/files")).status != 200:
            await asyncio.sleep(0.1)


async def test_created_things_are_201_and_the_rest_is_200(edge: Edge) -> None:
    created = await edge.call("POST", "/v1/templates", json={"prompt": "p"})
    assert created.status == 201
    assert_safe(created)
    assert json.loads(created.body)["max_tokens"] == 0
    assert (await edge.call("GET", "/v1/files")).status == 200


@pytest.mark.parametrize("path", ["/v1/jobs/abc:cancel", "/v1/apiKeys/abc:activate"])
async def test_a_call_may_have_no_body(edge: Edge, path: str) -> None:
    typed = {"data": b"", "headers": {"Content-Type": "application/json; charset=UTF-8"}}
    requests: list[dict[str, Any]] = [{}, {"json": {}}, typed]
    for more in requests:
        answer = await edge.call("POST", path, **more)
        assert answer.status == 200, answer.body


async def test_a_path_says_which_thing_and_no_body_can_say_otherwise(edge: Edge) -> None:
    answer = await edge.call("PATCH", "/v1/templates/abc?update_mask=prompt", json={"prompt": "p"})
    assert answer.status == 200
    request = edge.notes.last("UpdateTemplate").request
    assert (request.template.name, list(request.update_mask.paths)) == ("templates/abc", ["prompt"])
    other = await edge.call("PATCH", "/v1/templates/abc", json={"prompt": "p", "name": "templates/other"})
    assert error_of(other)[:3] == (400, 3, "INVALID_REQUEST")


async def test_query_parameters_are_decoded(edge: Edge) -> None:
    await edge.call("GET", "/v1/jobs/abc/rows?page_size=3&filter=state+%3D+FAILED")
    request = edge.notes.last("ListJobRows").request
    assert (request.parent, request.page_size, request.filter) == ("jobs/abc", 3, "state = FAILED")


async def test_progress_comes_as_server_sent_events(edge: Edge) -> None:
    answer = await edge.call("GET", "/v1/jobs/abc:watch")
    assert answer.headers["content-type"] == "text/event-stream"
    assert_safe(answer)
    events = answer.body.decode().strip().split("\n\n")
    states = [json.loads(event.removeprefix("data: "))["state"] for event in events]
    assert states == ["PENDING", "RUNNING", "COMPLETED"]
    assert edge.notes.last("WatchJob").seconds_left is None
    assert error_of(await edge.call("GET", "/v1/jobs/missing:watch"))[0] == 404


async def test_a_download_has_its_length_and_is_whole(edge: Edge) -> None:
    answer = await edge.call("GET", "/v1/files/abc:download")
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.body == CONTENT
    assert_safe(answer)


async def test_a_download_that_breaks_off_does_not_look_whole(edge: Edge) -> None:
    answer = await edge.raw(
        b"GET /v1/files/cut:download HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\n\r\n"
    )
    assert answer is not None
    assert int(answer.headers["content-length"]) == len(CONTENT)
    assert 0 < len(answer.body) < len(CONTENT)


@pytest.mark.parametrize("name", ["missing", "late"])
async def test_a_download_that_cannot_begin_is_an_error(edge: Edge, name: str) -> None:
    answer = await edge.call("GET", f"/v1/files/{name}:download")
    assert error_of(answer)[:3] == (404, 5, "THING_NOT_FOUND")


@pytest.mark.parametrize(
    "content_type", ["text/csv", "application/octet-stream", "", "multipart/form-data; boundary=x"]
)
async def test_an_upload_of_any_type_reaches_the_service_in_pieces(edge: Edge, content_type: str) -> None:
    content = b"x" * 1_500_000

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 100_000):
            yield content[start : start + 100_000]

    for data in (content, pieces()):
        headers = {"Content-Type": content_type}
        answer = await edge.call("POST", "/v1/files:upload?filename=a.csv", data=data, headers=headers)
        assert answer.status == 201, answer.body
        seen = edge.notes.last("UploadFile")
        assert seen.request.filename == "a.csv"
        assert seen.request.content.content_type == content_type
        assert sum(seen.pieces) == len(content)
        assert len(seen.pieces) > 1
        assert max(seen.pieces) <= 1024 * 1024
        assert seen.seconds_left is None
