"""Bytes that are no text, at every operation: refused at the edge or by the service, in the one shape."""

import pytest

from gateway.bindings import Binding, bindings, load
from tests.integration.gateway.conftest import Edge, error_of

pytestmark = [pytest.mark.xdist_group("gateway"), pytest.mark.promise("S54")]
HEAD = b"Host: x\r\nConnection: close\r\nAuthorization: Bearer good\r\n"
#: RFC 3629 allows none of these: stray bytes, overlong forms, surrogates, beyond the last character, cut off.
NO_TEXT = [
    "%ff", "%fe", "%80", "%bf", "%c0%af", "%c1%bf", "%e0%80%af", "%e0%9f%bf", "%ed%a0%80", "%ed%bf%bf",
    "%f0%80%80%af", "%f0%8f%bf%bf", "%f4%90%80%80", "%f5%80%80%80", "%f8%88%80%80%80", "%c3", "%c3a",
    "%e2%82", "%F0%9f%98", "a%FFb", "%C3%28", "%00", "a%00b", "%", "%4", "%zz", "%u0041",
]  # fmt: skip
TEXT = [
    "%c3%a9",
    "%C2%80",
    "%e0%a0%80",
    "%ee%80%80",
    "%ef%bf%bf",
    "%f0%90%80%80",
    "%F4%8f%bf%bf",
    "%41",
    "+",
    "a%20b",
]


async def test_no_text_in_a_query_is_refused_and_all_text_is_passed_on(edge: Edge) -> None:
    seen = len(edge.notes.calls["ListFiles"])
    for escape in NO_TEXT:
        for query in (f"page_token={escape}", f"page_size=1&page_token=a{escape}", f"{escape}=1", escape):
            answer = await edge.raw(b"GET /v1/files?%b HTTP/1.1\r\n%b\r\n" % (query.encode(), HEAD))
            assert answer is not None
            assert error_of(answer)[:3] == (400, 3, "INVALID_REQUEST"), query
    assert len(edge.notes.calls["ListFiles"]) == seen
    for escape in TEXT:
        answer = await edge.raw(
            b"POST /v1/files:upload?filename=%b HTTP/1.1\r\n%bContent-Length: 0\r\n\r\n"
            % (escape.encode(), HEAD)
        )
        assert answer is not None
        assert answer.status == 201, escape


@pytest.mark.parametrize("raw", [b"\xff", b"\xc3\xa9", b"\xe9", b"\xf0\x9f\x98\x80", b"\x7f", b"\x01"])
async def test_unescaped_bytes_in_an_address_are_refused(edge: Edge, raw: bytes) -> None:
    for path in (b"/v1/files/a" + raw, b"/v1/files?page_token=" + raw, b"/v1/nothing?a=" + raw, raw):
        answer = await edge.raw(b"GET %b HTTP/1.1\r\n%b\r\n" % (path, HEAD))
        assert answer is not None
        assert error_of(answer)[:3] == (400, 3, "INVALID_REQUEST")


WITH_ID = [binding for binding in bindings(load()) if binding.path.fields]


@pytest.mark.parametrize("binding", WITH_ID, ids=lambda binding: f"{binding.method} {binding.path.text}")
async def test_no_address_takes_bytes_that_are_no_text(edge: Edge, binding: Binding) -> None:
    for escape in ("%ff", "%c0%af", "%ed%a0%80", "a%00"):
        path = binding.path.expanded.replace("*", escape).encode()
        answer = await edge.raw(b"%b %b HTTP/1.1\r\n%b\r\n" % (binding.method.encode(), path, HEAD))
        assert answer is not None
        assert error_of(answer)[:3] == (400, 3, "INVALID_REQUEST")


@pytest.mark.parametrize("raw", [b"\xff", b"caf\xe9", b"\xc0\xaf", b"\xed\xa0\x80", b"\xc3"])
async def test_headers_that_become_fields_or_metadata_make_no_500(edge: Edge, raw: bytes) -> None:
    """The content type of an upload is a field of a message; the others are metadata of the call."""
    upload = b"POST /v1/files:upload HTTP/1.1\r\n%bContent-Length: 1\r\nContent-Type: text/csv; a=%b\r\n\r\nx"
    answer = await edge.raw(upload % (HEAD, raw))
    assert answer is not None
    assert error_of(answer)[:3] == (400, 3, "INVALID_REQUEST")
    for name in (
        b"User-Agent",
        b"Idempotency-Key",
        b"Range",
        b"If-Range",
        b"X-Unknown",
        b"X-Request-Id",
        b"Cookie",
    ):
        answer = await edge.raw(b"GET /v1/files HTTP/1.1\r\n%b%b: %b\r\n\r\n" % (HEAD, name, raw))
        assert answer is not None
        if answer.status != 200:
            assert error_of(answer)[:3] == (400, 3, "INVALID_REQUEST"), name


@pytest.mark.parametrize(
    "body",
    [
        b'{"mock_values": {"a": {"b": 1}}}',
        b'{"mock_values": {"a": [1]}}',
        b'{"mock_values": {"a": null}}',
        b'{"mock_values": [{"a": "b"}]}',
        b'{"mock_values": [{"key": "a", "value": "b"}]}',
        b'{"mock_values": "a"}',
        b'{"mock_values": {"\xff": "b"}}',
        b'{"mock_values": {"a": "\xff"}}',
        b'{"mock_values": {"a": "\\ud800"}}',
        b'{"mock_values": {"\\ud800": "a"}}',
        b'{"first_row": 1e400}',
        b'{"first_row": NaN}',
        b'{"first_row": "Infinity"}',
        b'{"first_row": 99999999999}',
        b'{"first_row": 1.5}',
        b'{"first_row": {}}',
        b'{"templates": {"a": 1}}',
        b'{"templates": [[]]}',
        b'{"templates": [null]}',
        b'{"templates": [{"a": {"b": {}}}]}',
        b'{"file": {"a": "b"}}',
        b'{"file": ["a"]}',
        b'{"file": 5}',
        b'{"file": "\\u0000"}',
        b'{"file": ' + b"[" * 50_000,
        b'{"file": ' + b'{"a":' * 50_000,
        b'{"x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    ],
)
async def test_json_of_a_wrong_kind_is_400(edge: Edge, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await edge.call("POST", "/v1/templates:test", headers=headers, data=body)
    assert error_of(answer)[:3] == (400, 3, "INVALID_REQUEST"), answer.body


async def test_a_name_given_twice_never_makes_a_500(edge: Edge) -> None:
    for body in (
        b'{"file": "a", "file": "b"}',
        b'{"mock_values": {"a": "1", "a": "2"}}',
        b'{"first_row": 1, "first_row": {}}',
    ):
        headers = {"Content-Type": "application/json"}
        answer = await edge.call("POST", "/v1/templates:test", headers=headers, data=body)
        assert error_of(answer)[:3] == (400, 3, "INVALID_REQUEST"), answer.body


@pytest.mark.promise("S01")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/users", b'{"password": {"secret-words": 1}}'),
        ("/v1/users", b'{"password": 7777777}'),
        ("/v1/accessTokens", b'{"expire_time": "secret-words"}'),
        ("/v1/accessTokens", b'{"expire_time": 7777777}'),
        ("/v1/templates:test", b'{"first_row": "secret-words"}'),
        ("/v1/templates:test", b'{"mock_values": {"a": 7777777}}'),
        ("/v1/jobs/abc:cancel", b'{"name": "secret-words"}'),
        ("/v1/users", b'{"password": "secret-words'),
    ],
)
async def test_what_the_edge_could_not_read_is_neither_quoted_nor_explained_by_types(
    edge: Edge, path: str, body: bytes
) -> None:
    answer = await edge.call("POST", path, headers={"Content-Type": "application/json"}, data=body)
    said = error_of(answer)
    assert said[:3] == (400, 3, "INVALID_REQUEST")
    assert 0 < len(said[3]) <= 200
    for words in (b"secret", b"7777777", b"google.protobuf", b"TYPE_", b"smelt.auth", b"_request"):
        assert words not in answer.body, answer.body
