"""A real vault for tests: its own process, certificates, two databases and key files."""

import asyncio
import hashlib
import itertools
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import psycopg
from smelt.vault.v1 import (
    api_keys_pb2,
    api_keys_pb2_grpc,
    audit_pb2_grpc,
    operator_pb2_grpc,
    release_pb2,
)

from deploy.local.certificates import Certificates
from services.common.ids import new_id
from services.common.rpc import tls
from services.common.rpc.errors import error_from_rpc, error_from_status
from services.vault.databases import Stores
from services.vault.keys.first_start import FirstStart
from services.vault.keys.store import KeyStore
from services.vault.keys.wrapping_file import WrappingFile
from services.vault.root.key import RootKeyFile
from tests.integration.vault.vault_calls import VaultCalls
from tests.support.patience import PATIENCE_SECONDS
from tests.support.peers import peer
from tests.support.ports import free_port
from tests.support.stores import Database

ROOT = Path(__file__).resolve().parents[3]
SECRET = "sk-test-abcdefghijklmnop-0123"
PRIVATE = "127.0.0.1:9911"
PRIVATE_URL = f"http://{PRIVATE}/v1"


@dataclass(frozen=True, slots=True)
class Files:
    """What a vault's settings point at; two replicas share all but slot and ports."""

    directory: Path
    database_url_file: Path
    keystore_url_file: Path

    @property
    def root_key(self) -> Path:
        return self.directory / "root.key"

    @property
    def wrapping_key(self) -> Path:
        return self.directory / "wrapping.key"

    @property
    def ledger(self) -> Path:
        """The ledger's directory, made when it is first asked for."""
        made = self.directory / "ledger"
        made.mkdir(mode=0o700, exist_ok=True)
        return made


@dataclass(slots=True)
class Vault(VaultCalls):
    """A vault process, started and ended by the test."""

    files: Files
    certificates: Certificates
    database: Database
    keystore: Database
    slot: str = "0"
    address: str = ""
    health: str = ""
    #: Settings beside the usual ones.
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    _channels: dict[str, grpc.aio.Channel] = field(default_factory=dict)
    _former: list[grpc.aio.Channel] = field(default_factory=list)

    def command(self, *arguments: str, identity: str = "vault", **more: str) -> subprocess.Popen[bytes]:
        """Start a command of the vault with its settings."""
        log = (self.files.directory / f"vault-{self.slot}.log").open("ab")
        shifted = ["tests.support.shifted"] if "SHIFT_SECONDS" in self.settings else []
        return subprocess.Popen(
            [sys.executable, "-m", *shifted, "services.vault", *arguments],
            cwd=ROOT,
            env=self.environment(identity) | more,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def run(self, *arguments: str, identity: str = "vault", **more: str) -> tuple[int, str]:
        """Run a command to its end; return its status and all it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "services.vault", *arguments],
            cwd=ROOT,
            env=self.environment(identity) | more,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        return done.returncode, done.stdout + done.stderr

    def environment(self, identity: str) -> dict[str, str]:
        """Return the settings of a process with this certificate."""
        who = self.certificates.identity(identity)
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}",
            "PYTHONUNBUFFERED": "1",
            "SMELT_LISTEN": self.address,
            "SMELT_HEALTH_LISTEN": self.health,
            "SMELT_TLS_CERT_FILE": str(who.cert_file),
            "SMELT_TLS_KEY_FILE": str(who.key_file),
            "SMELT_TLS_CA_FILE": str(who.ca_file),
            "SMELT_DATABASE_URL_FILE": str(self.files.database_url_file),
            "SMELT_VAULT_KEYSTORE_URL_FILE": str(self.files.keystore_url_file),
            "SMELT_VAULT_ROOT_KEY_FILE": str(self.files.root_key),
            "SMELT_VAULT_WRAPPING_KEY_FILE": str(self.files.wrapping_key),
            "SMELT_VAULT_LEDGER_DIR": str(self.files.ledger),
            "SMELT_VAULT_ADDRESS": self.address,
            "SMELT_VAULT_SLOT": self.slot,
            "SMELT_PRIVATE_PROVIDERS": PRIVATE,
            "SMELT_LOG_LEVEL": "debug",
            # Every commit has its checkpoint, unless a test is about more.
            "SMELT_AUDIT_CHECKPOINT_RECORDS": "1",
            # Tests begin more at once than people do, unless they are about that.
            "SMELT_RELEASE_BRAKE_GRANTS": "1000000",
            "SMELT_RELEASE_BRAKE_ACCOUNTS": "1000000",
            "SMELT_RELEASE_BRAKE_SHARE": "1000000",
            "SMELT_DRAIN_SECONDS": "1",
        } | self.settings

    async def initialise(self) -> str:
        """Do here what the command `init` does."""
        stores = Stores.at(self.database.url, self.keystore.url)
        root, file = RootKeyFile(self.files.root_key), WrappingFile(self.files.wrapping_key)
        try:
            return await FirstStart(KeyStore(stores.keystore), stores.database, root, file).initialise()
        finally:
            await stores.close()

    def start_values(self) -> bytes:
        """Return the running process's environment, as far as the user of the tests may see it.

        Of a process that cannot be dumped that is nothing, unless the user is root.
        """
        assert self.process is not None
        try:
            return Path(f"/proc/{self.process.pid}/environ").read_bytes()
        except PermissionError:
            assert os.geteuid() != 0
            return b""

    async def start(self, *, ready: bool = True) -> None:
        """Start serving; wait until it is ready, or only live."""
        if not self.address:
            self.address, self.health = (f"127.0.0.1:{free_port()}" for _ in range(2))
        # Channels to an earlier process may be pausing after a refused connection; calls on them go on.
        self._former += self._channels.values()
        self._channels.clear()
        self.process = self.command("serve")
        await self.wait("/ready" if ready else "/live", 200)

    async def wait(self, path: str, status: int, seconds: float = PATIENCE_SECONDS) -> None:
        """Return when the probe gives this status."""
        end = time.monotonic() + seconds
        while (seen := await self.probe(path)) != status:
            if time.monotonic() > end or (self.process and self.process.poll() is not None):
                raise TimeoutError(f"{path} gives {seen}: {self.log()[-2000:]}")
            await asyncio.sleep(0.02)

    async def probe(self, path: str) -> int:
        """Return the status of a probe, 0 when nothing answers."""

        def ask() -> int:
            try:
                return int(
                    urllib.request.urlopen(f"http://{self.health}{path}", timeout=PATIENCE_SECONDS).status
                )
            except urllib.error.HTTPError as error:
                return error.code
            except OSError:
                return 0

        return await asyncio.to_thread(ask)

    def log(self) -> str:
        return (self.files.directory / f"vault-{self.slot}.log").read_text()

    async def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End the process and wait for it."""
        if self.process is not None:
            self.process.send_signal(number)
            await asyncio.to_thread(self.process.wait, PATIENCE_SECONDS)
            self.process = None

    async def close(self) -> None:
        for channel in (*self._channels.values(), *self._former):
            await channel.close()
        self._channels.clear()
        self._former.clear()
        await self.kill()

    def channel(self, caller: str) -> grpc.aio.Channel:
        """Return a channel with a caller's certificate."""
        if caller not in self._channels:
            self._channels[caller] = tls.channel(peer(self.certificates, caller), "vault", self.address)
        return self._channels[caller]

    def keys(self, caller: str = "gateway") -> Any:
        return api_keys_pb2_grpc.ApiKeyServiceStub(self.channel(caller))

    def audit_operator(self, caller: str = "operator") -> Any:
        return audit_pb2_grpc.AuditOperatorServiceStub(self.channel(caller))

    def operator(self, caller: str = "operator") -> Any:
        return operator_pb2_grpc.OperatorServiceStub(self.channel(caller))

    async def add_key(self, account: str, secret: str = SECRET, **more: Any) -> api_keys_pb2.ApiKey:
        """Store a key for an account."""
        key: api_keys_pb2.ApiKey = await self.keys().CreateApiKey(
            api_keys_pb2.CreateApiKeyRequest(secret=secret, **{"base_url": PRIVATE_URL} | more),
            metadata=await self.passport(account),
        )
        return key

    def query(self, statement: str, *values: Any, keystore: bool = False) -> list[tuple[Any, ...]]:
        """Run a statement with all rights and return its rows, if it gives any."""
        database = self.keystore if keystore else self.database
        with psycopg.connect(database.conninfo, autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []


class Worker:
    """A worker's stream of releases; one of version 0.1 sends each ask as a message of its own form."""

    def __init__(self, vault: VaultCalls, caller: str = "processor", *, is_old: bool = False) -> None:
        self._is_old = is_old
        #: Every message that came.
        self.received: list[release_pb2.ReleaseApiKeysResponse] = []
        # A vault that was just started anew may not be connected yet.
        self._call = vault.release(caller).ReleaseApiKeys(wait_for_ready=True)
        self._ids = itertools.count(1)
        self._shown: set[str] = set()
        self._writing = asyncio.Lock()
        self._waiting: dict[int, asyncio.Future[release_pb2.ReleaseApiKeysResponse]] = {}
        self._reader = asyncio.ensure_future(self._read())

    async def ask(
        self, grant: str, row: int = 1, *, show: bool = True, again: bool = False, **more: Any
    ) -> release_pb2.ReleaseApiKeysResponse:
        """Ask once; return the answer. A grant is shown once, or each time with `again`."""
        (answer,) = await self.ask_at_once([self.made(grant, row, show=show, again=again, **more)])
        return answer

    def made(
        self, grant: str, row: int = 1, *, show: bool = True, again: bool = False, **more: Any
    ) -> dict[str, Any]:
        """Return the fields of an ask."""
        shown = "" if not show or (grant in self._shown and not again) else grant
        if show:
            self._shown.add(grant)
        made: dict[str, Any] = {
            "id": next(self._ids),
            "grant_sha256": hashlib.sha256(grant.encode()).digest(),
            "grant": shown,
            "row": row,
            "template": 0,
            "claim": 1,
            "attempt": 1,
        }
        return made | more

    async def ask_at_once(self, asks: Sequence[dict[str, Any]]) -> list[release_pb2.ReleaseApiKeysResponse]:
        """Send asks in one message; return their answers as if each had come by itself."""
        loop = asyncio.get_running_loop()
        futures = [self._waiting.setdefault(ask["id"], loop.create_future()) for ask in asks]
        # A stream takes one write at a time.
        async with self._writing:
            if self._is_old:
                (alone,) = asks
                await self._call.write(release_pb2.ReleaseApiKeysRequest(**alone))
            else:
                many = [release_pb2.ApiKeyAsk(**ask) for ask in asks]
                await self._call.write(release_pb2.ReleaseApiKeysRequest(asks=many))
        return await asyncio.gather(*futures)

    async def outcome(self, grant: str, row: int = 1, **more: Any) -> str:
        """Ask once; return the secret, or the reason of the refusal."""
        return outcome(await self.ask(grant, row, **more))

    async def outcomes(self, grant: str, rows: Sequence[int], **more: Any) -> list[str]:
        """Ask for many rows at once."""
        return await asyncio.gather(*(self.outcome(grant, row, **more) for row in rows))

    async def half_close(self) -> None:
        """Say that nothing more will be asked."""
        async with self._writing:
            await self._call.done_writing()

    async def ended(self) -> None:
        """Return when the vault has ended the stream."""
        await self._reader

    async def close(self) -> None:
        self._call.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self) -> None:
        try:
            async for message in self._call:
                self.received.append(message)
                for answer in _answers(message):
                    self._waiting.pop(answer.id).set_result(answer)
        except (grpc.aio.AioRpcError, asyncio.CancelledError) as error:
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(error)


def _answers(message: release_pb2.ReleaseApiKeysResponse) -> Iterator[release_pb2.ReleaseApiKeysResponse]:
    """Yield each answer of a message in the form for one alone."""
    if message.WhichOneof("outcome"):
        yield message
    for answer in message.answers:
        if answer.WhichOneof("outcome") == "key":
            yield release_pb2.ReleaseApiKeysResponse(id=answer.id, released=message.keys[answer.key])
        else:
            yield release_pb2.ReleaseApiKeysResponse(id=answer.id, refused=answer.refused)


def outcome(answer: release_pb2.ReleaseApiKeysResponse) -> str:
    """Return the secret of an answer, or its reason."""
    if answer.WhichOneof("outcome") == "released":
        return answer.released.secret.decode()
    return error_from_status(answer.refused).reason


async def reason_of(call: Any) -> str:
    """Return the reason with which a call fails; empty when it does not."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error_from_rpc(error).reason
    return ""


@asynccontextmanager
async def worker(
    vault: VaultCalls, caller: str = "processor", *, is_old: bool = False
) -> AsyncIterator[Worker]:
    """Open a stream for the length of the block."""
    stream = Worker(vault, caller, is_old=is_old)
    try:
        yield stream
    finally:
        await stream.close()


def new_account() -> str:
    """Return an account that no other test has."""
    return new_id()
