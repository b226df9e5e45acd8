"""A service's ports: mutual TLS with the guard before every method, probes on another, a drain at the end."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc
from google.protobuf import descriptor_pool
from grpc_health.v1 import health_pb2_grpc

from services.common.identity import Policy
from services.common.logs import log
from services.common.rpc.guard import Guard, May, Note, always, nothing
from services.common.rpc.health import Health, ReadyCheck, serve_probes
from services.common.rpc.open_streams import OpenStreams
from services.common.rpc.pages import PageKeySource
from services.common.rpc.tls import server_credentials, server_options
from services.common.settings import ServiceSettings, host_port
from services.common.tokens import TokenVerifier
from services.common.watchdog import Watchdog

T = TypeVar("T")
#: How long before the stop peers are told: long enough for a message and for the calls that crossed it.
_TOLD_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of a service, ready to be served.

    `background` are loops that run beside the server. If one fails, the process ends, because a service
    without its loops only looks healthy. `leaving` is called before the server drains, to end streams that
    would go on for as long as it lets them. `streams` ends the streams of ended sessions. Without `pages`,
    page tokens are valid in this process alone.
    """

    policy: Policy
    servicers: Sequence[object]
    verifier: TokenVerifier
    ready_checks: Sequence[ReadyCheck] = ()
    background: Sequence[Callable[[], Awaitable[None]]] = ()
    may: May = always
    note: Note = nothing
    streams: OpenStreams | None = None
    pages: PageKeySource | None = None
    leaving: Sequence[Callable[[], None]] = ()


class Opened(AsyncExitStack):
    """The resources that a service has opened; they are closed at its end, in reverse order."""

    def keep(self, resource: T, close: str = "close") -> T:
        """Return the resource, and call its coroutine method `close` at the end."""
        self.push_async_callback(getattr(resource, close))
        return resource


def methods_of(service_names: Iterable[str]) -> set[str]:
    """Return `/package.Service/Method` for every method of the named services, by their descriptors."""
    pool = descriptor_pool.Default()
    return {
        f"/{name}/{method.name}" for name in service_names for method in pool.FindServiceByName(name).methods
    }


def check_policy(policy: Policy, served: Iterable[str]) -> None:
    """Exit when a served method has no list of callers, or a list names a method that is not served."""
    methods = methods_of(served)
    if missing := sorted(methods - policy.keys()):
        raise SystemExit(f"no list of callers for: {', '.join(missing)}")
    if unknown := sorted(policy.keys() - methods):
        raise SystemExit(f"list of callers for methods that are not served: {', '.join(unknown)}")


def contracts_of(servicer: object) -> list[tuple[str, Callable[[Any, Any], None]]]:
    """Return the full name of each service that a servicer implements, and the function that adds it.

    Both come from the generated module of the servicer's base class.
    """
    found: list[tuple[str, Callable[[Any, Any], None]]] = []
    for base in type(servicer).__mro__:
        if base.__module__.endswith("_pb2_grpc"):
            package = sys.modules[base.__module__.removesuffix("_grpc")].DESCRIPTOR.package
            add = getattr(sys.modules[base.__module__], f"add_{base.__name__}_to_server")
            found.append((f"{package}.{base.__name__.removesuffix('Servicer')}", add))
    if not found:
        raise TypeError(f"{type(servicer).__name__} implements no service")
    return found


def hollow(servicer: type[object]) -> object:
    """Return a servicer of the same contract that does nothing: for a server that refuses every call."""
    base = next(base for base in servicer.__mro__ if base.__module__.endswith("_pb2_grpc"))
    return base()


async def start(settings: ServiceSettings, parts: Parts, health: Health) -> grpc.aio.Server:
    """Start the mTLS port at the address of the settings."""
    # Envoy's own contract is registered under Envoy's package, and has a list of callers like any other.
    contracts = [(*each, servicer) for servicer in parts.servicers for each in contracts_of(servicer)]
    check_policy(parts.policy, [name for name, _, _ in contracts])
    guard = Guard(
        parts.policy,
        parts.verifier,
        may=parts.may,
        note=parts.note,
        streams=parts.streams,
        pages=parts.pages,
    )
    server = grpc.aio.server(interceptors=[guard], options=server_options())
    for _, add, servicer in contracts:
        add(servicer, server)
    health_pb2_grpc.add_HealthServicer_to_server(health.servicer, server)
    if not server.add_secure_port(settings.listen, server_credentials(settings)):
        raise SystemExit(f"cannot listen on {settings.listen}")
    await server.start()
    return server


async def lame_duck(health: Health, seconds: float) -> None:
    """Say that this process is about to stop, and wait until callers have turned elsewhere.

    The gateway asks every two seconds, so it is told first. Peers watch, and learn it at once; they are told
    last, because one that knows no other replica can make no calls from then on.
    """
    await health.stop()
    told = min(seconds, _TOLD_SECONDS)
    await asyncio.sleep(seconds - told)
    await health.leave()
    await asyncio.sleep(told)


async def until_signalled() -> None:
    """Return at SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


async def serve(settings: ServiceSettings, assemble: Callable[[Opened], Awaitable[Parts]]) -> None:
    """Serve until SIGTERM or SIGINT; then report NOT_SERVING, let calls finish, and close what was opened.

    What `assemble` opened is closed even if the start fails, because an open pool would keep a process alive
    that serves nobody.
    """
    async with Opened() as opened:
        parts = await assemble(opened)
        health = Health(parts.ready_checks)
        probes = await serve_probes(health, *host_port(settings.health_listen))
        opened.push_async_callback(probes.cleanup)
        server = await start(settings, parts, health)
        watchdog = Watchdog(settings.loop_watch_seconds)
        streams = [parts.streams.watch] if parts.streams else []
        loops = (health.watch, watchdog.run, *parts.background, *streams)
        log.info("server.started", listen=settings.listen)
        tasks = [asyncio.ensure_future(loop()) for loop in loops]
        stopped = asyncio.ensure_future(until_signalled())
        done, _ = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
        # A process whose loops have failed should not serve on.
        await lame_duck(health, settings.lame_duck_seconds if stopped in done else 0)
        for leave in parts.leaving:
            leave()
        await server.stop(settings.drain_seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        log.info("server.stopped")
        for task in done - {stopped}:
            task.result()
