"""Errors that no service has shaped: the edge answers each in the one shape, and without their words."""

import pytest

from tests.integration.gateway.conftest import Edge, assert_safe, error_of
from tests.integration.gateway.wire import DATA, END_STREAM, HEADERS, Http2

pytestmark = [pytest.mark.xdist_group("gateway"), pytest.mark.promise("S54")]


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("code1", (503, 14, "UNAVAILABLE")),
        ("code2", (500, 13, "INTERNAL")),
        ("code3", (400, 3, "INVALID_REQUEST")),
        ("code4", (504, 4, "DEADLINE_EXCEEDED")),
        ("code5", (500, 13, "INTERNAL")),
        ("code6", (500, 13, "INTERNAL")),
        ("code7", (403, 7, "FORBIDDEN")),
        ("code8", (429, 8, "TOO_MANY_REQUESTS")),
        ("code9", (400, 3, "INVALID_REQUEST")),
        ("code10", (500, 13, "INTERNAL")),
        ("code11", (400, 3, "INVALID_REQUEST")),
        ("code12", (501, 12, "NOT_IMPLEMENTED")),
        ("code13", (500, 13, "INTERNAL")),
        ("code14", (503, 14, "UNAVAILABLE")),
        ("code15", (500, 13, "INTERNAL")),
        ("code16", (401, 16, "UNAUTHENTICATED")),
        ("cancelled", (503, 14, "UNAVAILABLE")),
        ("toolarge", (500, 13, "INTERNAL")),
    ],
)
async def test_what_grpc_says_by_itself_is_said_in_our_shape(
    edge: Edge, name: str, refusal: tuple[int, int, str]
) -> None:
    answer = await edge.call("GET", f"/v1/files/{name}")
    assert error_of(answer)[:3] == refusal
    for words in (b"inner", b"class", b"127.0.0.1", b"larger", b"Sent message", b"Cancelled"):
        assert words not in answer.body
    assert int(answer.headers["content-length"]) == len(answer.body)


async def test_a_method_that_no_service_serves_is_told_in_our_shape(edge: Edge) -> None:
    answer = await edge.call("GET", "/v1/accessTokens")
    assert error_of(answer)[:3] == (501, 12, "NOT_IMPLEMENTED")
    assert b"Method" not in answer.body


async def test_what_a_service_says_stays_as_it_is(edge: Edge) -> None:
    answer = await edge.call("GET", "/v1/apiKeys/abc")
    assert error_of(answer) == (404, 5, "THING_NOT_FOUND", "There is no such thing")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/files",
        "/v1/files/abc",
        "/v1/users/me",
        "/v1/files/abc:download",
        "/v1/jobs/abc:watch",
        "/v1/files/missing:download",
        "/v1/jobs/missing:watch",
        "/v1/apiKeys/abc",
        "/v1/files/code13",
        "/v1/files?unknown=1",
        "/v1/files/%ff",
        "/v1/nothing",
        "/healthz",
    ],
)
async def test_head_has_the_headers_of_get_and_no_content(edge: Edge, path: str) -> None:
    for token in ("good", "other"):
        got = await edge.call("GET", path, token=token)
        head = await edge.call("HEAD", path, token=token)
        assert head.body == b""
        assert_safe(head)
        assert head.status == got.status
        own = {"x-request-id", "date", "transfer-encoding"}
        if got.status == 400:
            # A length that would not be right is left out (RFC 9110, section 8.6).
            own |= {"content-length"} - head.headers.keys()
        assert {**head.headers, **dict.fromkeys(own, "")} == {**got.headers, **dict.fromkeys(own, "")}


@pytest.mark.parametrize(
    "path", ["/v1/files", "/v1/files/abc:download", "/v1/jobs/abc:watch", "/v1/apiKeys/abc"]
)
async def test_head_over_http2_ends_without_content(edge: Edge, path: str) -> None:
    client = await Http2.connect(edge.port, edge.ca_file)
    try:
        stream = client.send("HEAD", path, {"authorization": "Bearer good"})
        while True:
            kind, flags, number, payload = await client.receive()
            if number == stream:
                assert kind in (HEADERS, DATA)
                assert kind == HEADERS or not payload
                if flags & END_STREAM:
                    break
    finally:
        client.close()


async def test_a_connection_goes_on_after_head(edge: Edge) -> None:
    pipelined = b"".join(
        b"HEAD %b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\n\r\n" % path
        for path in (b"/v1/files/abc:download", b"/v1/jobs/endless:watch", b"/v1/files")
    )
    last = b"GET /v1/users/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\nConnection: close\r\n\r\n"
    answers = await edge.stream(pipelined + last)
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 4
    assert answers.endswith(b"}")
    assert b"Ada" not in answers


async def test_a_service_sees_that_headers_alone_are_wanted(edge: Edge) -> None:
    seen = len(edge.notes.calls["DownloadFile"])
    answer = await edge.call("HEAD", "/v1/files/abc:download", headers={"Range": "bytes=0-1"})
    assert answer.status == 200
    call = edge.notes.calls["DownloadFile"][seen]
    assert call.metadata["x-smelt-method"] == "HEAD"
    # A range is defined for GET alone.
    assert "range" not in call.metadata


async def test_head_is_for_what_can_be_got(edge: Edge) -> None:
    for path in ("/v1/sessions/abc", "/v1/files:upload", "/v1/jobs/abc:cancel"):
        answer = await edge.call("HEAD", path)
        assert (answer.status, answer.body) == (405, b"")
        assert "HEAD" not in answer.headers["allow"]
    assert "GET, HEAD" in (await edge.call("PUT", "/v1/files")).headers["allow"]


async def test_the_script_at_the_edge_has_not_failed(edge: Edge) -> None:
    """Last in this module: a script that fails leaves the answer as it is, and says so in the log."""
    assert "[lua]" not in edge.log.read_text()
