"""Connections in great numbers, from one address or from many, that say nothing or nothing of use."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from deploy.local.ports import PortBlock
from gateway.listener import IDLE_SECONDS
from tests.integration.gateway.beside import another_address
from tests.integration.gateway.conftest import Edge, another_edge, gateway_settings
from tests.integration.gateway.wire import tls
from tests.support.patience import PATIENCE_SECONDS

pytestmark = [pytest.mark.xdist_group("gateway"), pytest.mark.promise("S53")]
MOST = 100


class Crowd:
    """Connections that are opened and left alone."""

    def __init__(self) -> None:
        self._writers: list[asyncio.StreamWriter] = []
        self._watching: list[asyncio.Task[None]] = []
        self.inside = 0
        self.refused = 0

    async def enter(self, edge: Edge, address: str, *, with_tls: bool = False) -> None:
        """Open a connection and watch whether it is closed."""
        context: ssl.SSLContext | None = tls(edge.ca_file, "http/1.1") if with_tls else None
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", edge.port, local_addr=(address, 0), ssl=context
            )
        except (ConnectionError, ssl.SSLError):
            self.refused += 1
            return
        self.inside += 1
        self._writers.append(writer)
        self._watching.append(asyncio.ensure_future(self._watch(reader)))

    async def _watch(self, reader: asyncio.StreamReader) -> None:
        try:
            while await reader.read(65536):
                pass
        except ConnectionError:
            pass
        self.inside -= 1
        self.refused += 1

    async def leave(self) -> None:
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*self._watching)


@asynccontextmanager
async def crowd() -> AsyncIterator[Crowd]:
    came = Crowd()
    try:
        yield came
    finally:
        await came.leave()


@asynccontextmanager
async def small_edge(edge: Edge, directory: Path, **bounds: int) -> AsyncIterator[Edge]:
    """An edge that has room for a hundred connections."""
    with PortBlock.reserve() as ports:
        settings = gateway_settings(edge.certificates, ports.take(), edge.backend.ports)
    bounds = {"gateway_max_connections": MOST, **bounds}
    async with another_edge(edge, settings.model_copy(update=bounds), directory) as made:
        yield made


async def newcomer(edge: Edge) -> int:
    """Open a connection of one's own and ask something."""
    connector = aiohttp.TCPConnector(ssl=tls(edge.ca_file, "http/1.1"))
    async with (
        aiohttp.ClientSession(f"https://localhost:{edge.port}", connector=connector) as client,
        client.get("/healthz") as answer,
    ):
        return answer.status


async def test_one_address_cannot_take_the_places_of_others(edge: Edge, tmp_path: Path) -> None:
    address = another_address(1)
    async with small_edge(edge, tmp_path, gateway_connections_per_second=2) as small, crowd() as came:
        await asyncio.gather(*(came.enter(small, address) for _ in range(3 * MOST)))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not came.refused:
                await asyncio.sleep(0.01)
        # Its share is used up, and most places are free.
        for _ in range(5):
            assert await newcomer(small) == 200
        # A little later the same address may come again.
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                before = came.inside
                await came.enter(small, address, with_tls=True)
                if came.inside > before:
                    break
                await asyncio.sleep(0.1)


@pytest.mark.parametrize("with_tls", [False, True])
async def test_where_it_is_crowded_those_who_say_nothing_leave_soon(
    edge: Edge, tmp_path: Path, with_tls: bool
) -> None:
    """Nobody's share is used up: many addresses come, each with a few connections."""
    addresses = [another_address(50 + number) for number in range(10)]
    async with small_edge(edge, tmp_path, gateway_connections_per_second=20) as small, crowd() as came:
        entering = (came.enter(small, address, with_tls=with_tls) for address in addresses for _ in range(9))
        await asyncio.gather(*entering)
        began = time.monotonic()
        async with asyncio.timeout(PATIENCE_SECONDS):
            # Where there is room again, those that are left are given their time.
            while came.inside > 80:
                await asyncio.sleep(0.05)
        assert time.monotonic() - began < IDLE_SECONDS / 2
        assert await newcomer(small) == 200


async def test_behind_a_proxy_its_address_may_come_as_often_as_it_likes(edge: Edge, tmp_path: Path) -> None:
    """All connections come from the proxy, so their number says nothing of a single client."""
    settings: dict[str, Any] = {"trusted_proxies": 1, "gateway_max_connections": 10_000}
    async with small_edge(edge, tmp_path, **settings) as behind, crowd() as came:
        address = another_address(2)
        await asyncio.gather(*(came.enter(behind, address) for _ in range(500)))
        assert (await behind.call("GET", "/v1/users/me")).status == 200
        assert came.inside == 500
