"""What a call ended with stands in the metrics: of single answers and of streams, refusals included."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from prometheus_client import REGISTRY
from smelt.auth.v1 import session_states_pb2, session_states_pb2_grpc
from smelt.processor.v1 import jobs_pb2, jobs_pb2_grpc

from deploy.local.certificates import Certificates
from services.common.errors import DomainError, Kind
from services.common.identity import Allow
from services.common.rpc import server, tls
from services.common.rpc.health import Health
from services.common.settings import ServiceSettings
from services.common.tokens import KeySet, StaticKeys, TokenVerifier
from tests.support.patience import PATIENCE_SECONDS
from tests.support.peers import peer
from tests.support.ports import free_port

STATES = "/smelt.auth.v1.SessionStateService/GetSessionStates"
WATCH = "/smelt.processor.v1.JobService/WatchJob"


class Gone(DomainError):
    """What the servicers below say to everybody."""

    reason = "GONE"
    kind = Kind.NOT_FOUND


class Auth(session_states_pb2_grpc.SessionStateServiceServicer):
    """Knows nobody."""

    async def GetSessionStates(self, request: Any, context: Any) -> Any:
        raise Gone


class Processor(jobs_pb2_grpc.JobServiceServicer):
    """Has one job that is gone, one whose watch breaks, and one that goes on for ever."""

    async def WatchJob(self, request: Any, context: Any) -> AsyncIterator[Any]:
        yield jobs_pb2.Job(name=request.name)
        if request.name == "jobs/gone":
            raise Gone
        if request.name == "jobs/broken":
            raise RuntimeError("a defect")
        if request.name == "jobs/endless":
            await asyncio.Event().wait()


def counted(metric: str, method: str, code: str) -> float:
    return REGISTRY.get_sample_value(f"{metric}_count", {"method": method, "code": code}) or 0.0


async def test_the_outcome_of_each_call_is_counted(tmp_path: Path) -> None:
    certificates = Certificates(tmp_path)
    certificates.ensure()
    address = f"127.0.0.1:{free_port()}"
    settings = ServiceSettings.model_construct(listen=address, **dict(peer(certificates, "auth")))
    names = [
        method
        for service in ("smelt.auth.v1.SessionStateService", "smelt.processor.v1.JobService")
        for method in server.methods_of([service])
    ]
    parts = server.Parts(
        policy={name: Allow("files") for name in names},
        servicers=[Auth(), Processor()],
        verifier=TokenVerifier(StaticKeys(KeySet("test"))),
    )
    health = Health([])
    running = await server.start(settings, parts, health)
    before = {
        (metric, method, code): counted(metric, method, code)
        for metric, method, code in (
            ("smelt_rpc_seconds", STATES, "NOT_FOUND"),
            ("smelt_rpc_seconds", STATES, "OK"),
            *(("smelt_stream_seconds", WATCH, code) for code in ("OK", "NOT_FOUND", "INTERNAL", "CANCELLED")),
        )
    }
    try:
        async with tls.channel(peer(certificates, "files"), "auth", address) as channel:
            states = session_states_pb2_grpc.SessionStateServiceStub(channel)
            with pytest.raises(grpc.aio.AioRpcError):
                await states.GetSessionStates(
                    session_states_pb2.GetSessionStatesRequest(), timeout=PATIENCE_SECONDS
                )
            jobs = jobs_pb2_grpc.JobServiceStub(channel)
            for name in ("jobs/done", "jobs/gone", "jobs/broken"):
                try:
                    async for _ in jobs.WatchJob(
                        jobs_pb2.WatchJobRequest(name=name), timeout=PATIENCE_SECONDS
                    ):
                        pass
                except grpc.aio.AioRpcError:
                    assert name != "jobs/done"
            endless = jobs.WatchJob(jobs_pb2.WatchJobRequest(name="jobs/endless"))
            await endless.read()
            endless.cancel()
            async with asyncio.timeout(PATIENCE_SECONDS):
                cancelled = ("smelt_stream_seconds", WATCH, "CANCELLED")
                while counted(*cancelled) == before[cancelled]:
                    await asyncio.sleep(0.01)
    finally:
        await health.leave()
        await running.stop(None)
    rises = {key: counted(*key) - was for key, was in before.items()}
    assert rises == {key: float(key[1:] != (STATES, "OK")) for key in before}
