"""Renewed certificates are served and shown without a restart and without a lost call."""

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509
from smelt.auth.v1 import session_states_pb2, session_states_pb2_grpc

from deploy.local.certificates import Certificates
from services.common.rpc import tls
from tests.support.patience import PATIENCE_SECONDS
from tests.support.peers import peer


class Auth(session_states_pb2_grpc.SessionStateServiceServicer):
    """Notes whose certificate each call showed; a call that asks for an account of its own waits."""

    def __init__(self) -> None:
        self.shown: list[int] = []
        self.may_answer = asyncio.Event()

    async def GetSessionStates(self, request: Any, context: Any) -> Any:
        (pem,) = context.auth_context()["x509_pem_cert"]
        self.shown.append(x509.load_pem_x509_certificate(pem).serial_number)
        if request.sessions:
            await self.may_answer.wait()
        return session_states_pb2.GetSessionStatesResponse()


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    made = Certificates(tmp_path)
    made.ensure()
    return made


@pytest.fixture
async def auth(certificates: Certificates) -> AsyncIterator[tuple[Auth, int]]:
    server = grpc.aio.server(options=tls.server_options())
    servicer = Auth()
    session_states_pb2_grpc.add_SessionStateServiceServicer_to_server(servicer, server)
    port = server.add_secure_port("127.0.0.1:0", tls.server_credentials(peer(certificates, "auth")))
    await server.start()
    yield servicer, port
    await server.stop(None)


def renew(certificates: Certificates, *names: str) -> None:
    now = datetime.datetime.now(datetime.UTC)
    authority = certificates._kept_authority(now)
    assert authority is not None
    for name in names:
        certificates.issue(name, authority, now)


def serial(certificates: Certificates, name: str) -> int:
    return x509.load_pem_x509_certificate(certificates.identity(name).cert_file.read_bytes()).serial_number


async def served(certificates: Certificates, port: int) -> int:
    """The serial number of the certificate that a new connection is shown."""
    own = certificates.identity("files")
    context = ssl.create_default_context(cafile=str(own.ca_file))
    context.load_cert_chain(own.cert_file, own.key_file)
    context.set_alpn_protocols(["h2"])
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return x509.load_der_x509_certificate(der).serial_number


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await holds():
            await asyncio.sleep(0.1)


def ask(stub: Any, *, wait: bool = False) -> Any:
    sessions = [session_states_pb2.GetSessionStatesRequest.Session(id="s", account="a")] if wait else []
    request = session_states_pb2.GetSessionStatesRequest(sessions=sessions)
    return stub.GetSessionStates(request, timeout=PATIENCE_SECONDS)


async def test_a_server_shows_its_renewed_certificate_and_old_connections_live_on(
    certificates: Certificates, auth: tuple[Auth, int]
) -> None:
    _, port = auth
    before = serial(certificates, "auth")
    assert await served(certificates, port) == before
    async with tls.channel(peer(certificates, "files"), "auth", f"127.0.0.1:{port}") as channel:
        stub = session_states_pb2_grpc.SessionStateServiceStub(channel)
        await ask(stub)
        renew(certificates, "auth")
        after = serial(certificates, "auth")

        async def is_served() -> bool:
            await ask(stub)
            return await served(certificates, port) == after

        await until(is_served)
        assert after != before


async def test_a_caller_shows_its_renewed_certificate_and_loses_no_call(
    certificates: Certificates, auth: tuple[Auth, int]
) -> None:
    servicer, port = auth
    before = serial(certificates, "files")
    async with tls.channel(peer(certificates, "files"), "auth", f"127.0.0.1:{port}") as channel:
        stub = session_states_pb2_grpc.SessionStateServiceStub(channel)
        waiting = asyncio.ensure_future(_wait(stub))
        await until(lambda: _true(servicer.shown == [before]))
        renew(certificates, "files")
        after = serial(certificates, "files")

        async def is_shown() -> bool:
            await ask(stub)
            return servicer.shown[-1] == after

        await until(is_shown)
        # The call that had started before ends on the connection that it has.
        servicer.may_answer.set()
        await waiting
        assert set(servicer.shown) == {before, after}


async def test_files_that_do_not_fit_together_yet_change_nothing(
    certificates: Certificates, auth: tuple[Auth, int], capsys: pytest.CaptureFixture[str]
) -> None:
    servicer, port = auth
    before = serial(certificates, "files")
    own = certificates.identity("files")
    old = own.cert_file.read_bytes()
    async with tls.channel(peer(certificates, "files"), "auth", f"127.0.0.1:{port}") as channel:
        stub = session_states_pb2_grpc.SessionStateServiceStub(channel)
        renew(certificates, "files")
        new = own.cert_file.read_bytes()
        own.cert_file.write_bytes(old)
        said = ""

        async def is_seen() -> bool:
            nonlocal said
            await ask(stub)
            said += capsys.readouterr().out
            return "certificates.unusable" in said

        await until(is_seen)
        assert set(servicer.shown) == {before}
        own.cert_file.write_bytes(new)
        await until(lambda: _shows(stub, servicer, serial(certificates, "files")))


async def test_a_new_authority_is_trusted_without_a_restart(
    certificates: Certificates, auth: tuple[Auth, int]
) -> None:
    servicer, port = auth
    async with tls.channel(peer(certificates, "files"), "auth", f"127.0.0.1:{port}") as channel:
        stub = session_states_pb2_grpc.SessionStateServiceStub(channel)
        await ask(stub)
        old = certificates.ca_file.read_bytes()
        certificates.ca_file.unlink()
        certificates.ensure()
        # While both authorities are in use, both are trusted.
        certificates.ca_file.write_bytes(certificates.ca_file.read_bytes() + old)
        await until(lambda: _shows(stub, servicer, serial(certificates, "files")))


async def _shows(stub: Any, servicer: Auth, number: int) -> bool:
    await ask(stub)
    return servicer.shown[-1] == number


async def _wait(stub: Any) -> None:
    await ask(stub, wait=True)


async def _true(value: bool) -> bool:
    return value
