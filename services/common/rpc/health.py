"""Health: live, ready and metrics on a plaintext port, and gRPC health for the gateway."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import grpc
from aiohttp import web
from grpc_health.v1 import health, health_pb2
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from services.common.logs import describe, log
from services.common.metrics import READY
from services.common.rpc.servicing import Context

ReadyCheck = Callable[[], Awaitable[None]]
_EVERY_SECONDS = 1.0
#: A process that is not ready checks more often, because others wait for it. Longer pauses delay starts;
#: shorter ones load the databases that it waits for.
_AGAIN_SECONDS = 0.1
_CHECK_SECONDS = 3.0
#: The name under which peers watch whether this process is about to stop. Readiness is not for them: a
#: replica that is merely slow would lose its callers, and a sealed vault must still answer its operator.
STAYING = "staying"
_STATUS = health_pb2.HealthCheckResponse


class _Servicer(health.aio.HealthServicer):
    """gRPC's health service; beside readiness, peers watch whether this process stays."""

    def __init__(self, leaving: asyncio.Event) -> None:
        super().__init__()
        self._leaving = leaving

    async def Watch(self, request: health_pb2.HealthCheckRequest, context: Context) -> Any:
        if request.service != STAYING:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED)
        if not self._leaving.is_set():
            yield _STATUS(status=_STATUS.SERVING)
            await self._leaving.wait()
        # The stream ends with it, so that no drain waits for those who watch.
        yield _STATUS(status=_STATUS.NOT_SERVING)


class Health:
    """Whether this process is ready: every check passed last time, and it is not stopping."""

    def __init__(self, checks: Sequence[ReadyCheck]) -> None:
        self._checks = checks
        self._stopping = False
        self._leaving = asyncio.Event()
        self._servicer = _Servicer(self._leaving)
        self.ready = False

    @property
    def servicer(self) -> health.aio.HealthServicer:
        """The gRPC health service that follows `ready`."""
        return self._servicer

    async def look(self) -> None:
        """Run the checks once and publish the result."""
        ready = not self._stopping
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                for check in self._checks:
                    await check()
        except Exception as error:  # noqa: BLE001  any failing check means not ready
            ready = False
            if self.ready:
                log.warning("health.not_ready", **describe(error))
        if self._stopping:
            return
        if ready and not self.ready:
            log.info("health.ready")
        self.ready = ready
        READY.set(ready)
        await self._servicer.set("", _STATUS.SERVING if ready else _STATUS.NOT_SERVING)

    async def watch(self) -> None:
        """Check every second, and more often while not ready, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_EVERY_SECONDS if self.ready else _AGAIN_SECONDS)

    async def stop(self) -> None:
        """Report NOT_SERVING from now on, even if the checks pass."""
        self._stopping = True
        self.ready = False
        READY.set(0)
        await self._servicer.enter_graceful_shutdown()

    async def leave(self) -> None:
        """Tell the peers that this process is about to stop; they send their calls elsewhere at once."""
        self._leaving.set()


async def serve_probes(health_of: Health, host: str, port: int) -> web.AppRunner:
    """Answer GET /live, /ready and /metrics, and nothing else; `?name[]=` picks metrics by name."""

    async def live(_: web.Request) -> web.Response:
        return web.Response(text="live\n")

    async def ready(_: web.Request) -> web.Response:
        return (
            web.Response(text="ready\n") if health_of.ready else web.Response(status=503, text="not ready\n")
        )

    async def metrics(request: web.Request) -> web.Response:
        names = request.query.getall("name[]", ())
        registry = REGISTRY.restricted_registry(names) if names else REGISTRY
        # Some thousand lines, in a thread: making them must not be what they show.
        text = await asyncio.to_thread(generate_latest, registry)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/live", live), web.get("/ready", ready), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=5)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner
