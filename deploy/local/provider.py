"""The stand-in provider as a process: an OpenAI-compatible endpoint for tests, benches and the demo.

Start it with ``python -m deploy.local.provider``; ``SMELT_STANDIN_LISTEN`` says where on loopback it listens
(port 0 picks a free one), ``SMELT_STANDIN_SCENARIO`` which scenario it plays (docs/providers.md). It prints
``listening on ADDRESS`` once it is ready; SIGTERM or SIGINT stops it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import signal
import sys

import uvloop

from deploy.local.provider_app import StandIn
from deploy.local.provider_http import HttpConnection
from deploy.local.provider_rules import Script
from deploy.local.provider_scenarios import SCENARIOS

DEFAULT_LISTEN = "127.0.0.1:8089"


class BadListenAddress(ValueError):
    """The address to listen on is not a port of the loopback interface."""


def loopback_address(text: str) -> tuple[str, int]:
    """Return host and port. Only loopback is allowed, because the control endpoints need no credentials."""
    host, _, port = text.rpartition(":")
    try:
        is_loopback = ipaddress.ip_address(host.strip("[]")).is_loopback
        number = int(port)
    except ValueError:
        raise BadListenAddress(f"SMELT_STANDIN_LISTEN must be host:port, not {text}") from None
    if not is_loopback or not 0 <= number <= 65535:
        raise BadListenAddress(f"SMELT_STANDIN_LISTEN must be a port on a loopback address, not {text}")
    return host.strip("[]"), number


class UnknownScenario(ValueError):
    """There is no scenario of this name."""


def script_of(scenario: str) -> Script:
    """Return the script of a scenario by its name; without a name, that of a provider without faults."""
    if not scenario:
        return Script()
    if scenario not in SCENARIOS:
        raise UnknownScenario(f"SMELT_STANDIN_SCENARIO must be one of {', '.join(SCENARIOS)}")
    return SCENARIOS[scenario].script


async def serve(host: str, port: int, script: Script) -> None:
    """Answer calls until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    stand_in = StandIn(script)
    connections: set[HttpConnection] = set()
    server = await loop.create_server(
        lambda: HttpConnection(stand_in, connections), host, port, backlog=4096, reuse_address=True
    )
    bound_host, bound_port = server.sockets[0].getsockname()[:2]
    print(f"listening on {bound_host}:{bound_port}", flush=True)
    await stopped.wait()
    server.close()
    for connection in list(connections):
        connection.close()


def main() -> int:
    """Run the stand-in; return the exit code."""
    try:
        host, port = loopback_address(os.environ.get("SMELT_STANDIN_LISTEN", DEFAULT_LISTEN))
        script = script_of(os.environ.get("SMELT_STANDIN_SCENARIO", ""))
        uvloop.run(serve(host, port, script))
    except (BadListenAddress, UnknownScenario, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
