"""Bodies that are poured into the edge: refused before they are kept, and bounded where they are kept."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.ports import PortBlock
from gateway.bodies import NO_BODY_BYTES, PUBLIC_JSON_BYTES
from gateway.limits import LARGE_AT_ONCE
from tests.integration.gateway.authorisation import GOOD, STUCK
from tests.integration.gateway.beside import another_address, good_client, no_more_memory_than
from tests.integration.gateway.conftest import Edge, another_edge, error_of, gateway_settings
from tests.integration.gateway.pouring import Request, pouring
from tests.integration.gateway.wire import DATA, END_STREAM, HEADERS, RST_STREAM, Http2, frame
from tests.support.patience import eventually

pytestmark = [pytest.mark.xdist_group("gateway"), pytest.mark.promise("S53")]
MIB = 1024 * 1024
CONNECTIONS, STREAMS = 4, 50
#: A quarter of what all bodies together have.
MOST_MIB = 45
JSON = {"content-type": "application/json"}
REFUSED = {
    "no such path": (("POST", "/v1/nothing", JSON), {404}),
    "wrong method": (("PUT", "/v1/files", JSON), {405}),
    "wrong type": (("POST", "/v1/templates", {"content-type": "text/plain"}), {415}),
    "too large": (("POST", "/v1/templates", {**JSON, "content-length": "2000000"}), {413}),
    "no session": (("POST", "/v1/templates", JSON), {401}),
    "no session, a file": (("POST", "/v1/files:upload", {"content-type": "text/csv"}), {401}),
    "needs no session": (("POST", "/v1/sessions", JSON), {413, 429}),
    "auth is slow": (("POST", "/v1/templates", {**JSON, "authorization": f"Bearer {STUCK}"}), {503}),
}


@pytest.fixture(scope="module")
async def unlimited(edge: Edge, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Edge]:
    """An edge that takes any number of requests from one address, and so keeps what it must not keep."""
    directory = tmp_path_factory.mktemp("unlimited")
    with PortBlock.reserve() as ports:
        settings = gateway_settings(edge.certificates, ports.take(), edge.backend.ports)
    none = settings.model_copy(update={"gateway_requests_per_second": 0})
    async with another_edge(edge, none, directory) as made:
        yield made


@pytest.mark.parametrize("case", REFUSED)
async def test_nothing_is_kept_of_a_body_that_is_refused(unlimited: Edge, case: str) -> None:
    edge = unlimited
    (method, path, headers), statuses = REFUSED[case]
    request = Request(method, path, another_address(10 + list(REFUSED).index(case)), headers)
    asks_auth = bool(statuses & {401, 503})
    async with (
        no_more_memory_than(edge, MOST_MIB),
        good_client(edge, auth_is_busy=asks_auth),
        pouring(edge, request, connections=CONNECTIONS, streams=STREAMS) as poured,
    ):
        await eventually(lambda: poured.ended == CONNECTIONS * STREAMS)
    assert poured.statuses.keys() <= statuses | ({503} if asks_auth else set())
    assert not poured.resets


@pytest.mark.parametrize("length", ["900000", ""])
async def test_one_address_has_few_large_bodies_at_once(edge: Edge, length: str) -> None:
    headers = {**JSON, "authorization": f"Bearer {GOOD}"}
    if length:
        headers["content-length"] = length
    request = Request("POST", "/v1/templates", another_address(30 + len(length)), headers)
    async with (
        no_more_memory_than(edge, 2 * LARGE_AT_ONCE),
        good_client(edge, auth_is_busy=True),
        pouring(edge, request, connections=CONNECTIONS, streams=STREAMS) as poured,
    ):
        # On a slow machine, more may come while the first are refused.
        await eventually(lambda: poured.statuses[429] > CONNECTIONS * STREAMS - 2 * LARGE_AT_ONCE)
    assert poured.statuses.keys() <= {429, 503}


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/users/me", "/v1/users"])
async def test_after_a_short_body_its_refusal_is_not_a_reset(edge: Edge, path: str) -> None:
    """Clients such as curl 7.88 over HTTP/2 report the reset, not the refusal."""
    body = b'{"email": "a"}'
    client = await Http2.connect(edge.port, edge.ca_file)
    try:
        headers = {"content-type": "text/plain", "content-length": str(len(body))}
        stream = client.send("POST", path, headers, flags=0)
        client.write(frame(DATA, END_STREAM, stream, body))
        after = client.send("GET", "/healthz")
        kinds = set()
        while True:
            kind, flags, number, _ = await client.receive()
            if number == stream:
                kinds.add(kind)
            if number == after and flags & END_STREAM:
                break
        # The body may have come so late that the other request was answered first.
        while HEADERS not in kinds:
            kinds.add((await client.receive())[0])
        assert RST_STREAM not in kinds
    finally:
        client.close()


async def test_long_templates_can_be_saved_one_after_another(edge: Edge) -> None:
    prompt = json.dumps({"prompt": "\U0001f600" * 50_000})
    for _ in range(LARGE_AT_ONCE // 2):
        assert (await edge.call("POST", "/v1/templates", data=prompt, headers=JSON)).status == 201


async def test_when_memory_runs_short_the_largest_requests_end_and_no_others(
    edge: Edge, tmp_path: Path
) -> None:
    heap = 128
    socket = tmp_path / "admin.sock"
    with PortBlock.reserve() as ports:
        settings = gateway_settings(edge.certificates, ports.take(), edge.backend.ports, admin_socket=socket)
        bounds = {"gateway_max_heap_bytes": heap * MIB, "gateway_requests_per_second": 0}
    request = Request(
        "POST", "/v1/templates", another_address(40), {**JSON, "authorization": f"Bearer {GOOD}"}
    )
    async with (
        another_edge(edge, settings.model_copy(update=bounds), tmp_path) as small,
        no_more_memory_than(small, heap),
        good_client(small, auth_is_busy=True),
        pouring(small, request, connections=CONNECTIONS, streams=STREAMS) as poured,
    ):
        await eventually(lambda: poured.resets >= STREAMS)


async def test_a_body_may_have_just_as_many_bytes(edge: Edge) -> None:
    body = json.dumps({"email": "a"}).encode()
    for path, most in (("/v1/users", PUBLIC_JSON_BYTES), ("/v1/files/abc", NO_BODY_BYTES)):
        method = "POST" if path == "/v1/users" else "DELETE"
        fits = await edge.call(method, path, data=body.ljust(most), headers=JSON)
        assert fits.status != 413
        longer = await edge.call(method, path, data=body.ljust(most + 1), headers=JSON)
        assert error_of(longer)[:3] == (413, 8, "BODY_TOO_LARGE")
