"""Runs stand-ins for vault, files and auth over real mTLS, in a separate thread."""

import asyncio
import threading

import grpc

from deploy.local.certificates import Certificates
from services.common.identity import PROCESSOR, Allow
from services.common.rpc import server
from services.common.rpc.health import Health
from services.common.settings import ServiceSettings
from tests.integration.processor.stand_in_services import AuthStandIn, FilesStandIn, World
from tests.support.patience import PATIENCE_SECONDS
from tests.support.peers import peer
from tests.support.ports import free_port
from tests.support.sessions import EverySessionStands
from tests.support.vault.stand_in import VaultStandIn


class StandIns:
    """Runs the three services; `passport` returns a person's passport."""

    def __init__(self, certificates: Certificates) -> None:
        self.world = World()
        self.vault = VaultStandIn()
        self._certificates = certificates
        self.ports = {name: free_port() for name in ("vault", "files", "auth")}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> "StandIns":
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(PATIENCE_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(PATIENCE_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_SECONDS)

    def passport(self, account: str) -> str:
        """Return a passport for a person."""
        return self.vault.passport(account)

    async def _start(self) -> None:
        await self.vault.start(peer(self._certificates, "vault"), f"127.0.0.1:{self.ports['vault']}")
        self._servers = [
            await self._serve("files", FilesStandIn(self.world)),
            await self._serve("auth", AuthStandIn(self.vault, self.world), EverySessionStands()),
        ]

    async def _serve(self, name: str, *servicers: object) -> grpc.aio.Server:
        told = peer(self._certificates, name)
        settings = ServiceSettings(
            **told.model_dump(),
            listen=f"127.0.0.1:{self.ports[name]}",
            health_listen="127.0.0.1:1",
            database_url_file=told.tls_ca_file,
        )
        contracts = [contract for each in servicers for contract, _ in server.contracts_of(each)]
        policy = {
            method: Allow(PROCESSOR)
            if method.endswith("GetSessionStates")
            else Allow(PROCESSOR, needs="proof", scope="read")
            for method in server.methods_of(contracts)
        }
        parts = server.Parts(policy=policy, servicers=servicers, verifier=self.vault.tokens.verifier)
        return await server.start(settings, parts, Health([]))

    async def _stop(self) -> None:
        for each in self._servers:
            await each.stop(None)
        await self.vault.stop()
