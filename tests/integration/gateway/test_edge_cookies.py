"""A browser's session: the cookie counts for pages of this origin alone, and never beside a token."""

from typing import Any

import pytest

from tests.integration.gateway.authorisation import GOOD
from tests.integration.gateway.conftest import Edge, assert_safe, error_of
from tests.integration.gateway.wire import END_HEADERS, END_STREAM, HEADERS, Http2, frame, literal, status_of

COOKIE = f"theme=dark; __Host-smelt={GOOD}; other=1"
#: Which requests the cookie counts for, by `sec-fetch-site` (None: an old browser, or no browser).
SITES: list[tuple[str | None, bool, bool]] = [
    ("same-origin", True, True),
    ("none", True, False),
    ("same-site", False, False),
    ("cross-site", False, False),
    (None, False, False),
]


async def status(
    edge: Edge, method: str, site: str | None, cookie: str = COOKIE, more: dict[str, str] | None = None
) -> int:
    headers = {"Cookie": cookie, **({} if site is None else {"Sec-Fetch-Site": site}), **(more or {})}
    path = "/v1/users/me" if method == "GET" else "/v1/apiKeys/k1:activate"
    body: dict[str, Any] = {} if method == "GET" else {"json": {}}
    answer = await edge.call(method, path, token=None, headers=headers, **body)
    if answer.status != 200:
        assert error_of(answer)[:3] == (401, 16, "UNAUTHENTICATED")
    assert_safe(answer)
    return answer.status


@pytest.mark.promise("S61")
@pytest.mark.parametrize(("site", "reads", "changes"), SITES)
async def test_a_cookie_counts_for_its_own_origin_alone(
    edge: Edge, site: str | None, reads: bool, changes: bool
) -> None:
    assert await status(edge, "GET", site) == (200 if reads else 401)
    assert await status(edge, "POST", site) == (200 if changes else 401)


@pytest.mark.promise("S61")
async def test_a_typed_address_can_be_asked_for_its_head(edge: Edge) -> None:
    headers = {"Cookie": COOKIE, "Sec-Fetch-Site": "none"}
    assert (await edge.call("HEAD", "/v1/users/me", token=None, headers=headers)).status == 200


@pytest.mark.promise("S61")
@pytest.mark.parametrize("authorization", ["Bearer forged", "Bearer ", "Basic YTpi", ""])
async def test_no_cookie_counts_beside_an_authorization(edge: Edge, authorization: str) -> None:
    more = {"Authorization": authorization}
    assert await status(edge, "GET", "same-origin", more=more) == 401


@pytest.mark.promise("S61")
@pytest.mark.parametrize(
    "site", ["same-origin, cross-site", "SAME-ORIGIN", " same-originx", "none,same-origin"]
)
async def test_a_site_that_browsers_do_not_name_counts_for_nothing(edge: Edge, site: str) -> None:
    assert await status(edge, "POST", site) == 401


@pytest.mark.parametrize(
    "cookie",
    [
        f"smelt={GOOD}",
        f"x__Host-smelt={GOOD}",
        f"__host-smelt={GOOD}",
        f"a=1; b=__Host-smelt={GOOD}",
        "__Host-smelt=",
        "__Host-smelt=forged",
        f"__Host-smelt=forged; __Host-smelt={GOOD}",
        "",
    ],
)
async def test_another_cookie_is_no_session(edge: Edge, cookie: str) -> None:
    assert await status(edge, "GET", "same-origin", cookie) == 401


async def test_services_and_the_check_see_a_token_and_no_cookie(edge: Edge) -> None:
    assert await status(edge, "GET", "same-origin") == 200
    asked = edge.backend.authorisation.asked[-1].attributes.request.http.headers
    assert asked["authorization"] == f"Bearer {GOOD}"
    assert "cookie" not in asked
    seen = edge.notes.last("GetCurrentUser").metadata
    assert not [
        name for name in seen if "cookie" in name or name.startswith("sec-") or name == "authorization"
    ]


@pytest.mark.promise("S61")
async def test_two_requests_in_one_connection_do_not_share_a_session(edge: Edge) -> None:
    first = f"GET /v1/users/me HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\nCookie: {COOKIE}\r\n\r\n"
    second = (
        "GET /v1/users/me HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n\r\n"
    )
    answers = await edge.stream((first + second).encode())
    assert answers.count(b"HTTP/1.1 200 ") == 1
    assert answers.count(b"HTTP/1.1 401 ") == 1


async def test_cookies_that_come_one_by_one_over_http2_are_found(edge: Edge) -> None:
    """As browsers send them (RFC 9113, section 8.2.3)."""
    client = await Http2.connect(edge.port, edge.ca_file)
    fields = [(":method", "GET"), (":scheme", "https"), (":authority", "localhost")]
    fields += [(":path", "/v1/users/me"), ("sec-fetch-site", "same-origin")]
    fields += [("cookie", "theme=dark"), ("cookie", f"__Host-smelt={GOOD}"), ("cookie", "other=1")]
    block = b"".join(literal(name, value) for name, value in fields)
    try:
        client.write(frame(HEADERS, END_STREAM | END_HEADERS, 1, block))
        while True:
            kind, _, number, payload = await client.receive()
            if (kind, number) == (HEADERS, 1):
                break
        assert status_of(payload) == 200
    finally:
        client.close()
