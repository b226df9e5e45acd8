"""A replica that is about to stop says so first, and no call of gateway or peer fails for it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from smelt.auth.v1 import session_states_pb2, session_states_pb2_grpc

from deploy.local.certificates import Certificates
from services.common.identity import Allow
from services.common.rpc import server, tls
from services.common.rpc.health import Health
from services.common.settings import ServiceSettings
from services.common.tokens import KeySet, StaticKeys, TokenVerifier
from tests.support.patience import PATIENCE_SECONDS
from tests.support.peers import peer
from tests.support.ports import free_port

SERVING = health_pb2.HealthCheckResponse.SERVING
POLICY = {"/smelt.auth.v1.SessionStateService/GetSessionStates": Allow("files")}


class Auth(session_states_pb2_grpc.SessionStateServiceServicer):
    """Counts the calls that it answers."""

    def __init__(self) -> None:
        self.calls = 0

    async def GetSessionStates(self, request: Any, context: Any) -> Any:
        self.calls += 1
        return session_states_pb2.GetSessionStatesResponse()


@dataclass
class Replica:
    """One of two servers."""

    address: str
    server: grpc.aio.Server
    health: Health
    auth: Auth = field(default_factory=Auth)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    made = Certificates(Path(tmp_path_factory.mktemp("certificates")))
    made.ensure()
    return made


@pytest.fixture
async def replicas(certificates: Certificates) -> AsyncIterator[list[Replica]]:
    made = []
    for _ in range(2):
        address, auth, health = f"127.0.0.1:{free_port()}", Auth(), Health([])
        settings = ServiceSettings.model_construct(listen=address, **dict(peer(certificates, "auth")))
        parts = server.Parts(
            policy=POLICY, servicers=[auth], verifier=TokenVerifier(StaticKeys(KeySet("test")))
        )
        made.append(Replica(address, await server.start(settings, parts, health), health, auth))
        await health.look()
    yield made
    for replica in made:
        await replica.health.leave()
        await replica.server.stop(None)


def channel_to(certificates: Certificates, replicas: list[Replica], caller: str = "files") -> Any:
    return tls.channel(peer(certificates, caller), "auth", ",".join(each.address for each in replicas))


async def ask(stub: Any) -> None:
    await stub.GetSessionStates(session_states_pb2.GetSessionStatesRequest(), timeout=PATIENCE_SECONDS)


async def until_both_are_asked(stub: Any, replicas: list[Replica]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not all(each.auth.calls for each in replicas):
            await ask(stub)


@pytest.mark.promise("S64")
async def test_no_call_of_a_peer_fails_while_one_of_two_replicas_stops(
    certificates: Certificates, replicas: list[Replica]
) -> None:
    first, second = replicas
    stopped = asyncio.Event()
    async with channel_to(certificates, replicas) as channel:
        stub = session_states_pb2_grpc.SessionStateServiceStub(channel)
        await until_both_are_asked(stub, replicas)

        async def keep_asking() -> None:
            while not stopped.is_set():
                await ask(stub)

        asking = [asyncio.ensure_future(keep_asking()) for _ in range(8)]
        await server.lame_duck(first.health, 1)
        at_the_stop = first.auth.calls
        await first.server.stop(PATIENCE_SECONDS)
        after = second.auth.calls
        for _ in range(50):
            await ask(stub)
        stopped.set()
        await asyncio.gather(*asking)
        # It was not asked while it stopped, and the other one was.
        assert first.auth.calls == at_the_stop
        assert second.auth.calls >= after + 50


async def test_a_leaving_replica_answers_the_gateway_while_it_says_that_it_leaves(
    certificates: Certificates, replicas: list[Replica]
) -> None:
    first, _ = replicas
    async with (
        channel_to(certificates, [first], "gateway") as gateway,
        channel_to(certificates, [first]) as files,
    ):
        stub = session_states_pb2_grpc.SessionStateServiceStub(files)
        health = health_pb2_grpc.HealthStub(gateway)
        await ask(stub)
        assert await _status(health) == SERVING
        leaving = asyncio.ensure_future(server.lame_duck(first.health, 3_600))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await _status(health) == SERVING:
                await asyncio.sleep(0.01)
        await ask(stub)
        assert not first.health.ready
        leaving.cancel()


async def test_a_replica_that_is_only_not_ready_keeps_its_callers(
    certificates: Certificates, replicas: list[Replica]
) -> None:
    async def fails() -> None:
        raise RuntimeError("its database is away")

    first, _ = replicas
    first.health._checks = [fails]
    await first.health.look()
    async with channel_to(certificates, [first]) as channel:
        await ask(session_states_pb2_grpc.SessionStateServiceStub(channel))


async def test_no_stop_waits_for_those_who_watch(certificates: Certificates, replicas: list[Replica]) -> None:
    first, _ = replicas
    async with channel_to(certificates, [first]) as channel:
        await ask(session_states_pb2_grpc.SessionStateServiceStub(channel))
        await server.lame_duck(first.health, 0)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await first.server.stop(10 * PATIENCE_SECONDS)


async def _status(health: Any) -> int:
    answer = await health.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE_SECONDS)
    status: int = answer.status
    return status
