"""One real Envoy in front of small services, for all tests of the edge."""

import asyncio
import datetime
import json
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from deploy.local.certificates import Certificates
from deploy.local.ports import PortBlock
from gateway.binary import envoy_path
from gateway.errors import SECURITY_HEADERS
from gateway.render import render
from gateway.settings import SERVICES, GatewaySettings
from services.common.settings import PeerSettings
from tests.integration.gateway.authorisation import GOOD
from tests.integration.gateway.backend import Backend, Notes
from tests.integration.gateway.wire import Answer, http1, tls
from tests.support.patience import PATIENCE_SECONDS

MAX_UPLOAD_BYTES = 2 * 1024 * 1024
ADMIN_SOCKET = "admin.sock"


@dataclass(slots=True)
class Edge:
    """The running edge, as a client sees it."""

    port: int
    directory: Path
    certificates: Certificates
    backend: Backend
    log: Path
    client: aiohttp.ClientSession = field(init=False)
    said_at_start: str = ""
    pid: int = 0

    @property
    def ca_file(self) -> Path:
        return self.certificates.ca_file

    @property
    def admin_socket(self) -> Path:
        return self.directory / ADMIN_SOCKET

    @property
    def notes(self) -> Notes:
        return self.backend.notes

    async def call(
        self,
        method: str,
        path: str,
        *,
        token: str | None = GOOD,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> Answer:
        """Send one request over HTTP/1.1."""
        sent = {**({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
        async with self.client.request(method, path, headers=sent, **more) as response:
            received = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, received, await response.read())

    async def raw(self, *pieces: bytes, pause: float = 0.0) -> Answer | None:
        """Send bytes on a separate connection."""
        return await http1(self.port, self.ca_file, *pieces, pause=pause)

    async def stream(self, content: bytes) -> bytes:
        """Send bytes on a separate connection and return all that comes until its end."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.port, ssl=tls(self.ca_file, "http/1.1")
        )
        try:
            writer.write(content)
            return await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
        finally:
            writer.close()

    def peer(self, service: str) -> PeerSettings:
        return _peer(self.certificates, service)


def error_of(answer: Answer) -> tuple[int, int, str, str]:
    """Return the status, code, reason and message of a refusal; fail if it has another shape, or lacks a
    header that every answer has."""
    assert_safe(answer)
    assert answer.headers["content-type"] == "application/json"
    body = json.loads(answer.body)
    assert set(body) == {"code", "message", "details"}
    info = body["details"][0]
    assert info["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    assert info["domain"] == "smelt"
    return answer.status, body["code"], info["reason"], body["message"]


def assert_safe(answer: Answer) -> None:
    """Check that an answer has the security headers and does not reveal what made it."""
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers.get(name) == value, f"{name} on {answer.status}"
    inner = [
        name for name in answer.headers if name.startswith(("x-envoy", "grpc-", "x-http", "x-content-l"))
    ]
    assert not inner
    assert "server" not in answer.headers


@pytest_asyncio.fixture(scope="session")
async def edge(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Edge]:
    directory = tmp_path_factory.mktemp("edge")
    # Separate certificates, because a test replaces one of them.
    certificates = Certificates(directory / "certificates")
    certificates.ensure()
    backend = Backend()
    with PortBlock.reserve() as ports:
        for service in SERVICES:
            await backend.start(service, _peer(certificates, service), ports.take())
        port = ports.take()
        settings = gateway_settings(certificates, port, backend.ports, admin_socket=directory / ADMIN_SOCKET)
        render(settings, directory, datetime.datetime.now(datetime.UTC))
        log = directory / "envoy.log"
        process = _start(directory, log)
        running = Edge(port, directory, certificates, backend, log, pid=process.pid)
        connector = aiohttp.TCPConnector(ssl=tls(running.ca_file, "http/1.1"))
        running.client = aiohttp.ClientSession(f"https://localhost:{port}", connector=connector)
        try:
            await _until_up(running, process)
            running.said_at_start = log.read_text()
            yield running
        finally:
            await running.client.close()
            process.terminate()
            process.wait(PATIENCE_SECONDS)
            await backend.stop()


@asynccontextmanager
async def another_edge(like: Edge, settings: GatewaySettings, directory: Path) -> AsyncIterator[Edge]:
    """Start another Envoy in front of the same services, with other settings."""
    render(settings, directory, datetime.datetime.now(datetime.UTC))
    log = directory / "envoy.log"
    process = _start(directory, log)
    port = int(settings.gateway_listen.rpartition(":")[2])
    made = Edge(port, directory, like.certificates, like.backend, log, pid=process.pid)
    connector = aiohttp.TCPConnector(ssl=tls(made.ca_file, "http/1.1"))
    made.client = aiohttp.ClientSession(f"https://localhost:{port}", connector=connector)
    try:
        await _until_up(made, process)
        yield made
    finally:
        await made.client.close()
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def gateway_settings(
    certificates: Certificates, port: int, services: dict[str, int], *, admin_socket: Path | None = None
) -> GatewaySettings:
    own, public = certificates.identity("gateway"), certificates.identity("edge")
    addresses: dict[str, Any] = {
        f"{name}_address": f"127.0.0.1:{number}" for name, number in services.items()
    }
    return GatewaySettings(
        gateway_listen=f"127.0.0.1:{port}",
        gateway_admin_socket=admin_socket,
        gateway_cert_file=public.cert_file,
        gateway_key_file=public.key_file,
        tls_cert_file=own.cert_file,
        tls_key_file=own.key_file,
        tls_ca_file=own.ca_file,
        max_upload_bytes=MAX_UPLOAD_BYTES,
        **addresses,
    )


def _peer(certificates: Certificates, service: str) -> PeerSettings:
    identity = certificates.identity(service)
    return PeerSettings(
        tls_cert_file=identity.cert_file, tls_key_file=identity.key_file, tls_ca_file=identity.ca_file
    )


def _start(directory: Path, log: Path) -> "subprocess.Popen[bytes]":
    command = [str(envoy_path()), "-c", str(directory / "envoy.yaml"), "--use-dynamic-base-id"]
    command += ["-l", "warning", "--file-flush-interval-msec", "50", "--concurrency", "2"]
    with log.open("wb") as output:
        return subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)


async def _until_up(edge: Edge, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, edge.log.read_text()
        try:
            if (await edge.call("GET", "/v1/users/me")).status == 200:
                return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.1)
    raise AssertionError(edge.log.read_text())
