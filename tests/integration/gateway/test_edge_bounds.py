"""HTTP/2, replaced certificates, and hostile clients."""

import asyncio
import datetime
import json
import ssl
import subprocess
import sys
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509

from deploy.local.ports import PortBlock
from gateway.bootstrap import RESETS_COUNTED_FROM
from gateway.limits import BURST
from tests.integration.gateway.authorisation import GOOD
from tests.integration.gateway.beside import another_address
from tests.integration.gateway.conftest import Edge, another_edge, error_of, gateway_settings
from tests.integration.gateway.wire import GOAWAY, RST_STREAM, Answer, Http2, tls
from tests.support.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.xdist_group("gateway")


async def test_envoy_takes_the_configuration_without_a_word(edge: Edge) -> None:
    command = [sys.executable, "-m", "gateway", "validate", "--out", str(edge.directory)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert not [line for line in edge.said_at_start.splitlines() if not line.startswith("{")]


async def test_http2_is_spoken(edge: Edge) -> None:
    client = await Http2.connect(edge.port, edge.ca_file)
    try:
        status, body = await client.get("/v1/users/me", {"authorization": f"Bearer {GOOD}"})
        assert (status, json.loads(body)["name"]) == (200, "users/1")
        assert (await client.get("/v1/users/me"))[0] == 401
        assert (await client.get("/v1/nothing"))[0] == 404
        assert (await client.get("/v1/users"))[0] == 405
    finally:
        client.close()


async def test_a_download_that_breaks_off_is_reset_over_http2(edge: Edge) -> None:
    client = await Http2.connect(edge.port, edge.ca_file)
    try:
        with pytest.raises(ConnectionResetError):
            await client.get("/v1/files/cut:download", {"authorization": f"Bearer {GOOD}"})
        assert (await client.get("/healthz"))[0] == 200
    finally:
        client.close()


@pytest.mark.promise("S53")
async def test_headers_are_bounded_over_http2(edge: Edge) -> None:
    client = await Http2.connect(edge.port, edge.ca_file)
    try:
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await client.get("/healthz", {f"x-{number}": "a" for number in range(100)})
    finally:
        client.close()
    assert (await edge.call("GET", "/healthz")).status == 200


@pytest.mark.promise("S53")
async def test_a_client_that_keeps_resetting_streams_is_disconnected(edge: Edge) -> None:
    """CVE-2023-44487; meanwhile, a well-behaved client is served."""
    client = await Http2.connect(edge.port, edge.ca_file)
    try:
        for _ in range(RESETS_COUNTED_FROM * 2):
            client.reset(client.send("GET", "/v1/users/me", {"authorization": "Bearer good"}))
        assert (await edge.call("GET", "/v1/users/me")).status == 200
        assert await _thrown_out(client)
    finally:
        client.close()


@pytest.mark.promise("S53")
async def test_more_streams_than_announced_are_refused(edge: Edge) -> None:
    client = await Http2.connect(edge.port, edge.ca_file)
    try:
        for _ in range(150):
            client.send("GET", "/v1/files", {"authorization": "Bearer stuck"})
        assert (await edge.call("GET", "/v1/users/me")).status == 200
        assert await _refused_stream_or_thrown_out(client)
    finally:
        client.close()


async def burst(ask: Callable[[], Awaitable[Answer]]) -> list[Answer]:
    return await asyncio.gather(*(ask() for _ in range(2 * BURST)))


@pytest.mark.promise("S53")
async def test_what_is_open_to_everyone_is_limited_for_each_address(edge: Edge) -> None:
    connector = aiohttp.TCPConnector(ssl=tls(edge.ca_file, "http/1.1"), local_addr=(another_address(3), 0))
    async with aiohttp.ClientSession(f"https://127.0.0.1:{edge.port}", connector=connector) as client:

        async def asked() -> Answer:
            async with client.post("/v1/sessions", json={"email": "a", "password": "p"}) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, headers, await response.read())

        # Once, and again if a busy machine was slower than the limit.
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (refused := [each for each in await burst(asked) if each.status != 201]):
                pass
    assert error_of(refused[0])[:3] == (429, 8, "TOO_MANY_REQUESTS")
    assert refused[0].headers["retry-after"] == "1"
    assert (await edge.call("POST", "/v1/sessions", json={"email": "a", "password": "p"})).status == 201


@pytest.mark.promise("S53")
async def test_behind_a_proxy_each_of_its_clients_is_limited_and_a_64_is_one(
    edge: Edge, tmp_path: Path
) -> None:
    with PortBlock.reserve() as ports:
        settings = gateway_settings(edge.certificates, ports.take(), edge.backend.ports)
    proxied = settings.model_copy(update={"trusted_proxies": 1})
    async with another_edge(edge, proxied, tmp_path) as behind:

        async def asked(client: str) -> Answer:
            headers = {"x-forwarded-for": client}
            return await behind.call(
                "POST", "/v1/sessions", json={"email": "a", "password": "p"}, headers=headers
            )

        async def refused(client: str, times: int) -> bool:
            return any(
                each.status == 429 for each in await asyncio.gather(*(asked(client) for _ in range(times)))
            )

        # Its neighbours ask for less than each could have alone. As above, once and again.
        neighbours = (f"2001:db8:1:2:{number:x}::2" for number in count(1))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (
                await refused("2001:db8:1:2::1", 2 * BURST) and await refused(next(neighbours), BURST // 2)
            ):
                pass
        for other in ("2001:db8:1:3::1", "192.0.2.1", "192.0.2.2"):
            assert (await asked(other)).status == 201


@pytest.mark.promise("S50")
async def test_a_renewed_certificate_is_served_without_a_restart(edge: Edge) -> None:
    before = await _serial(edge)
    now = datetime.datetime.now(datetime.UTC)
    edge.certificates.identity("edge").cert_file.unlink()
    edge.certificates.ensure(now)
    identity = edge.certificates.identity("edge")
    wanted = x509.load_pem_x509_certificate(identity.cert_file.read_bytes()).serial_number
    assert wanted != before
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await _serial(edge) != wanted:
            await asyncio.sleep(0.1)


@pytest.mark.promise("S50")
async def test_only_the_right_service_is_believed_upstream(edge: Edge) -> None:
    """A service that presents another service's certificate gets no request."""
    port = edge.backend.ports["processor"]
    await edge.backend.stop("processor")
    await edge.backend.start("processor", edge.peer("files"), port)
    try:
        assert (await edge.call("POST", "/v1/jobs/abc:cancel")).status == 503
    finally:
        await edge.backend.stop("processor")
        await edge.backend.start("processor", edge.peer("processor"), port)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await edge.call("POST", "/v1/jobs/abc:cancel")).status != 200:
            await asyncio.sleep(0.1)


async def _serial(edge: Edge) -> int:
    _, writer = await asyncio.open_connection("127.0.0.1", edge.port, ssl=tls(edge.ca_file, "h2"))
    shown: ssl.SSLObject = writer.get_extra_info("ssl_object")
    content = shown.getpeercert(binary_form=True)
    writer.close()
    assert content is not None
    return x509.load_der_x509_certificate(content).serial_number


async def _thrown_out(client: Http2) -> bool:
    while True:
        try:
            kind, _, _, _ = await client.receive()
        except (asyncio.IncompleteReadError, ConnectionError):
            return True
        if kind == GOAWAY:
            return True


async def _refused_stream_or_thrown_out(client: Http2) -> bool:
    while True:
        try:
            kind, _, _, payload = await client.receive()
        except (asyncio.IncompleteReadError, ConnectionError):
            return True
        if kind == GOAWAY or (kind == RST_STREAM and int.from_bytes(payload, "big") == 7):
            return True
