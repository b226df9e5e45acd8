"""A stand-in for the processor, as auth asks it to suspend what acts for an account by itself."""

import asyncio

import grpc

from deploy.local.certificates import Certificates
from services.common.errors import Unavailable
from services.common.policy import SUSPENSION
from services.common.rpc import server
from services.common.rpc.health import Health
from services.common.servicers.suspension import SuspensionServicer
from services.common.settings import ServiceSettings
from services.common.suspension import Suspended
from services.common.tokens import KeySet, StaticKeys, TokenVerifier
from tests.support.peers import peer
from tests.support.ports import free_port


class SuspensionStandIn:
    """Suspends nothing, remembers what it was asked, and can be away, silent or killed on the way."""

    def __init__(self) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        #: What an account has, until it is suspended.
        self.holds: dict[str, Suspended] = {}
        #: (account, generation) of each call that was carried out.
        self.asked: list[tuple[str, int]] = []
        #: Refuses this many calls, each after it was carried out: the caller cannot know.
        self.dies_after: int = 0
        self.refuses: int = 0
        self.silent = asyncio.Event()
        self.silent.set()
        self._done: dict[str, tuple[int, Suspended]] = {}
        self._server: grpc.aio.Server | None = None

    async def suspend_earlier(self, account: str, generation: int) -> Suspended:
        await self.silent.wait()
        if self.refuses:
            self.refuses -= 1
            raise Unavailable
        self.asked.append((account, generation))
        known, suspended = self._done.get(account, (0, Suspended()))
        if known < generation:
            suspended = self.holds.pop(account, Suspended())
            self._done[account] = generation, suspended
        if self.dies_after:
            self.dies_after -= 1
            raise Unavailable
        return suspended

    async def start(self, certificates: Certificates) -> None:
        """Serve at the address, with the processor's certificate."""
        own = peer(certificates, "processor")
        told = ServiceSettings(
            **own.model_dump(),
            listen=self.address,
            health_listen="127.0.0.1:1",
            database_url_file=own.tls_ca_file,
        )
        parts = server.Parts(
            policy=SUSPENSION,
            servicers=[SuspensionServicer(self)],
            verifier=TokenVerifier(StaticKeys(KeySet(issuer=""))),
        )
        self._server = await server.start(told, parts, Health([]))

    async def stop(self) -> None:
        """Be away."""
        if self._server is not None:
            await self._server.stop(None)
            self._server = None
