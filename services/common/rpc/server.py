"""A service's ports: mutual TLS with the guard before every method, probes beside, a drain at the end."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import grpc
from google.protobuf import descriptor_pool
from grpc_health.v1 import health_pb2_grpc

from services.common.identity import Policy
from services.common.logs import log
from services.common.rpc.guard import Guard, NoteRefusal
from services.common.rpc.health import Health, ReadyCheck, serve_probes
from services.common.rpc.open_streams import OpenStreams
from services.common.rpc.tls import server_credentials, server_options
from services.common.settings import ServiceSettings, host_port
from services.common.tokens import TokenVerifier

#: `add_XServicer_to_server` and the servicer.
Registration = tuple[Callable[[Any, Any], None], Any]


def methods_of(service_names: Iterable[str]) -> set[str]:
    """Return `/package.Service/Method` for every method of the named services, by their descriptors."""
    pool = descriptor_pool.Default()
    return {
        f"/{name}/{method.name}" for name in service_names for method in pool.FindServiceByName(name).methods
    }


def check_policy(policy: Policy, served: Iterable[str]) -> None:
    """Refuse to go on when a served method is on no list, or a list names a method that is not served."""
    methods = methods_of(served)
    if missing := sorted(methods - policy.keys()):
        raise SystemExit(f"no caller list for: {', '.join(missing)}")
    if unknown := sorted(policy.keys() - methods):
        raise SystemExit(f"caller list for methods that are not served: {', '.join(unknown)}")


class _Names:
    """Stands in for a server while servicers register, to learn the services' names."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def add_generic_rpc_handlers(self, handlers: Sequence[Any]) -> None:
        self.names += [handler.service_name() for handler in handlers]

    def add_registered_method_handlers(self, name: str, handlers: Any) -> None:
        """Part of the registration's protocol; the names are known already."""


def served_names(registrations: Sequence[Registration]) -> list[str]:
    """Return the full names of the services that the registrations add."""
    names = _Names()
    for add, servicer in registrations:
        add(servicer, names)
    return names.names


async def start(
    settings: ServiceSettings,
    policy: Policy,
    *,
    servicers: Sequence[Registration],
    verifier: TokenVerifier,
    health: Health,
    note_refusal: NoteRefusal | None = None,
    streams: OpenStreams | None = None,
) -> grpc.aio.Server:
    """Start the mTLS port; `server.bound_port` style knowledge is not needed, the address is a setting."""
    # Envoy's own contract is registered under Envoy's package; it is on the lists like any other.
    check_policy(policy, served_names(servicers))
    guard = Guard(policy, verifier, note_refusal=note_refusal, streams=streams)
    server = grpc.aio.server(interceptors=[guard], options=server_options())
    for add, servicer in servicers:
        add(servicer, server)
    health_pb2_grpc.add_HealthServicer_to_server(health.servicer, server)
    if not server.add_secure_port(settings.listen, server_credentials(settings)):
        raise SystemExit(f"cannot listen on {settings.listen}")
    await server.start()
    return server


async def until_signalled() -> None:
    """Return at SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


async def serve(
    settings: ServiceSettings,
    policy: Policy,
    *,
    servicers: Sequence[Registration],
    verifier: TokenVerifier,
    ready_checks: Sequence[ReadyCheck] = (),
    background: Sequence[Callable[[], Awaitable[None]]] = (),
    on_stop: Sequence[Callable[[], Awaitable[None]]] = (),
    note_refusal: NoteRefusal | None = None,
    streams: OpenStreams | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; then say NOT_SERVING, let calls finish, and run `on_stop` in order.

    `background` are loops that run beside the server; one that fails ends the process,
    because a service without its loops only looks healthy. `streams` are those that people may hold open.
    """
    async with AsyncExitStack() as stack:
        # Also when the start fails: an open pool keeps a process alive that serves nobody.
        for step in reversed(on_stop):
            stack.push_async_callback(step)
        health = Health(ready_checks)
        probes = await serve_probes(health, *host_port(settings.health_listen))
        stack.push_async_callback(probes.cleanup)
        server = await start(
            settings,
            policy,
            servicers=servicers,
            verifier=verifier,
            health=health,
            note_refusal=note_refusal,
            streams=streams,
        )
        loops = (health.watch, *background, *([streams.watch] if streams else []))
        log.info("server.started", listen=settings.listen)
        tasks = [asyncio.ensure_future(loop()) for loop in loops]
        stopped = asyncio.ensure_future(until_signalled())
        done, _ = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
        await health.stop()
        await server.stop(settings.drain_seconds)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        log.info("server.stopped")
        for task in done - {stopped}:
            task.result()
