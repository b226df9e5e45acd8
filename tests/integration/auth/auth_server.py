"""A real auth for tests: its own assembly, mTLS port and database; only the vault is a stand-in."""

import asyncio
import email
import email.policy
import re
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import grpc
import psycopg
from envoy_auth.v3 import external_auth_pb2 as envoy
from envoy_auth.v3 import external_auth_pb2_grpc as envoy_grpc
from smelt.auth.v1 import (
    recovery_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
    users_pb2,
    users_pb2_grpc,
)

from deploy.local.certificates import Certificates
from services.auth.restoration.restoration import AuthNotReady
from services.auth.service import assemble
from services.auth.settings import AuthSettings
from services.common.errors import RemoteError
from services.common.identity import CLIENT_ADDRESS_KEY, PASSPORT_KEY
from services.common.rpc import server, tls
from services.common.rpc.errors import error_from_rpc
from services.common.rpc.health import Health
from tests.integration.auth.postgres_link import PostgresLink
from tests.support.patience import PATIENCE_SECONDS
from tests.support.peers import peer
from tests.support.ports import free_port
from tests.support.suspension import SuspensionStandIn
from tests.support.vault.stand_in import VaultStandIn

PASSWORD = "correct horse battery staple"
#: Nothing answers where files would be.
NO_FILES: dict[str, Any] = {"files_address": "127.0.0.1:1"}


def read_mail(path: Path) -> EmailMessage:
    """Return the mail in a file."""
    return email.message_from_bytes(path.read_bytes(), policy=email.policy.default)


def token_in(mail: EmailMessage) -> str:
    """Return the token in the link of a mail."""
    (token,) = re.findall(r"#token=([A-Za-z0-9_-]{43})\n", mail.get_content())
    return str(token)


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who is signed in, made in the database without the quarter of a second that bcrypt takes."""

    account: str
    session: str
    token: str

    @property
    def header(self) -> str:
        return f"Bearer {self.token}"


@dataclass(frozen=True, slots=True)
class Auth:
    """The running service and what is around it."""

    certificates: Certificates
    address: str
    conninfo: str
    vault: VaultStandIn
    channel: grpc.aio.Channel
    mail_dir: Path
    #: What stands in for the processor.
    processor: SuspensionStandIn
    parts: server.Parts | None = None

    async def agrees(self) -> None:
        """Wait until auth has compared its database with the vault's ledger and lets people in."""
        assert self.parts is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    return self.parts.may("")
                except AuthNotReady:
                    await asyncio.sleep(0.01)

    def as_caller(self, name: str) -> grpc.aio.Channel:
        """Return a channel with another process's certificate."""
        return tls.channel(peer(self.certificates, name), "auth", self.address)

    @property
    def users(self) -> Any:
        return users_pb2_grpc.UserServiceStub(self.channel)

    @property
    def recovery(self) -> Any:
        return recovery_pb2_grpc.RecoveryServiceStub(self.channel)

    def mails(self, recipient: str) -> list[EmailMessage]:
        """Return what was sent to an address so far, oldest first."""
        # One that is being written has a dot before its name, which pathlib's * matches as well.
        found = [read_mail(path) for path in sorted(self.mail_dir.glob("[!.]*.eml"))]
        return [mail for mail in found if mail["To"] == recipient]

    async def mail(self, recipient: str, number: int = 1) -> EmailMessage:
        """Return the n-th mail to an address, once it was sent."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(mails := self.mails(recipient)) < number:
                await asyncio.sleep(0.05)
        return mails[number - 1]

    @property
    def sessions(self) -> Any:
        return sessions_pb2_grpc.SessionServiceStub(self.channel)

    async def register(self, email: str, password: str = PASSWORD, *, client: str = "") -> users_pb2.User:
        """Register as the gateway does."""
        answer: users_pb2.User = await self.users.CreateUser(
            users_pb2.CreateUserRequest(email=email, password=password),
            metadata=from_client(client),
            timeout=PATIENCE_SECONDS,
        )
        return answer

    async def sign_in(
        self, email: str, password: str = PASSWORD, *, client: str = "", device_token: str = ""
    ) -> sessions_pb2.CreateSessionResponse:
        """Sign in as the gateway does, from a client's network address."""
        answer: sessions_pb2.CreateSessionResponse = await self.sessions.CreateSession(
            sessions_pb2.CreateSessionRequest(email=email, password=password, device_token=device_token),
            metadata=from_client(client),
            timeout=PATIENCE_SECONDS,
        )
        return answer

    async def check(self, authorization: str | None, method: str = "GET") -> envoy.CheckResponse:
        """Ask as Envoy does for every request."""
        headers = {"x-request-id": "r1"} | ({} if authorization is None else {"authorization": authorization})
        http = envoy.AttributeContext.HttpRequest(method=method, path="/v1/files", headers=headers)
        request = envoy.CheckRequest(
            attributes=envoy.AttributeContext(request=envoy.AttributeContext.Request(http=http))
        )
        answer: envoy.CheckResponse = await envoy_grpc.AuthorizationStub(self.channel).Check(
            request, timeout=PATIENCE_SECONDS
        )
        return answer

    async def passport(self, authorization: str, method: str = "GET") -> str:
        """Return the passport with which a request goes on."""
        answer = await self.check(authorization, method)
        (header,) = answer.ok_response.headers
        assert header.header.key == PASSPORT_KEY
        return header.header.value

    async def end(self, name: str, passport: str) -> None:
        """Sign out, or end a session by its name."""
        await self.sessions.DeleteSession(
            sessions_pb2.DeleteSessionRequest(name=name),
            metadata=((PASSPORT_KEY, passport),),
            timeout=PATIENCE_SECONDS,
        )

    def execute(self, statement: str, *values: Any) -> list[Any]:
        """Run a statement in auth's database."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def person(self) -> Person:
        """Return someone new with an account and a session."""
        account, session = secrets.token_hex(13), secrets.token_hex(13)
        self.execute(
            "INSERT INTO account VALUES (%s, %s, 'active', now(), 'bcrypt12-hmac-sha384', 'p1', '-')",
            account,
            f"{account}@example.com",
        )
        self.execute(
            "INSERT INTO session VALUES (%s, %s, now(), now(), now() + interval '30 days', '', '')",
            session,
            account,
        )
        return Person(account, session, self.vault.token("session", {"sub": account, "sid": session}))


@dataclass(frozen=True, slots=True)
class Fragile:
    """Auth whose surroundings can be taken away."""

    auth: Auth
    postgres: PostgresLink
    vault: VaultStandIn
    vault_address: str

    async def start_vault(self) -> None:
        """Bring the vault back where it was."""
        await self.vault.start(peer(self.auth.certificates, "vault"), self.vault_address)


def from_client(client: str) -> tuple[tuple[str, str], ...]:
    """Return what Envoy says of where a call comes from."""
    return ((CLIENT_ADDRESS_KEY, client),) if client else ()


@dataclass(frozen=True, slots=True)
class Replicas:
    """Two processes' worth of one auth; `another` starts one more, with other limits if it is told."""

    first: Auth
    second: Auth
    another: Callable[..., AbstractAsyncContextManager[Auth]]


async def refused(call: Any) -> RemoteError:
    """Return what a call that must fail was told."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error_from_rpc(error)
    raise AssertionError("the call went through")


async def refusal(call: Any) -> tuple[str, str]:
    """Return reason and message of a call that must fail."""
    told = await refused(call)
    return told.reason, told.message


def free_addresses(count: int) -> list[str]:
    """Return loopback addresses that nothing listens on."""
    return [f"127.0.0.1:{free_port()}" for _ in range(count)]


#: For tests that are not about limits.
GENEROUS = {
    "limit_login": "10000/15m",
    "limit_register": "10000/1h",
    "limit_reset": "10000/1h",
    # A busy machine hashes slowly, and tests ask for many hashes at once.
    "bcrypt_wait_seconds": 100.0,
}


@asynccontextmanager
async def running_auth(
    certificates: Certificates, url_file: Path, conninfo: str, vault: VaultStandIn, **settings: Any
) -> AsyncIterator[tuple[Auth, str]]:
    """Serve auth and a vault; yields both, the second by its address."""
    (vault_address,) = free_addresses(1)
    processor = SuspensionStandIn()
    await vault.start(peer(certificates, "vault"), vault_address)
    await processor.start(certificates)
    try:
        where = (certificates, url_file, conninfo, vault, vault_address)
        async with replica(*where, processor=processor, **settings) as auth:
            yield auth, vault_address
    finally:
        await processor.stop()
        await vault.stop()


@asynccontextmanager
async def replica(
    certificates: Certificates,
    url_file: Path,
    conninfo: str,
    vault: VaultStandIn,
    vault_address: str,
    processor: SuspensionStandIn,
    agrees: bool = True,
    **settings: Any,
) -> AsyncIterator[Auth]:
    """Serve auth beside others over the same database and vault.

    With `agrees` it lets people in when it is yielded.
    """
    (address,) = free_addresses(1)
    own = peer(certificates, "auth")
    told = AuthSettings(
        **own.model_dump(),
        listen=address,
        health_listen="127.0.0.1:1",
        database_url_file=url_file,
        vault_address=vault_address,
        processor_address=processor.address,
        **{**GENEROUS, **NO_FILES, "mail_dir": url_file.with_suffix(".mail"), **settings},
    )
    async with server.Opened() as stack:
        parts = await assemble(told, stack)
        running = await server.start(told, parts, Health(parts.ready_checks))
        stack.push_async_callback(running.stop, None)
        loops = [asyncio.ensure_future(loop()) for loop in parts.background]
        stack.push_async_callback(_ended, loops)
        channel = tls.channel(peer(certificates, "gateway"), "auth", address)
        stack.push_async_callback(channel.close)
        mails = told.mail_dir or Path()
        auth = Auth(certificates, address, conninfo, vault, channel, mails, processor, parts)
        if agrees:
            await auth.agrees()
        yield auth


async def _ended(loops: Sequence["asyncio.Future[None]"]) -> None:
    for loop in loops:
        loop.cancel()
    await asyncio.gather(*loops, return_exceptions=True)
