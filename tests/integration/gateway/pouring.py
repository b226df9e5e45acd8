"""Clients that send as much as an HTTP/2 server lets them, on as many streams as it lets them."""

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from tests.integration.gateway.conftest import Edge
from tests.integration.gateway.wire import (
    ACK,
    DATA,
    GOAWAY,
    HEADERS,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Http2,
    frame,
    status_of,
)

WINDOW = 65_535
FRAME_BYTES = 16_384
INITIAL_WINDOW_SIZE = 4  # RFC 9113, 6.5.2


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose body never ends; `address` is where it comes from."""

    method: str
    path: str
    address: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body_bytes: int = 900_000


@dataclass(slots=True)
class Poured:
    """What became of the requests: their statuses, and how many were reset without one."""

    statuses: Counter[int] = field(default_factory=Counter)
    resets: int = 0

    @property
    def ended(self) -> int:
        return self.statuses.total() + self.resets


class _Pouring:
    """One connection with a body on each of its streams, none of which it ends."""

    def __init__(self, client: Http2, poured: Poured) -> None:
        self._client = client
        self._poured = poured
        self._windows: Counter[int] = Counter()
        self._left: dict[int, int] = {}
        self._initial = WINDOW
        self._window = WINDOW

    async def run(self, request: Request, *, streams: int) -> None:
        """Send until all streams are answered."""
        for _ in range(streams):
            stream = self._client.send(request.method, request.path, dict(request.headers), flags=0)
            self._left[stream] = request.body_bytes - 1
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while self._left:
                await self._send()
                await self._receive()

    async def _send(self) -> None:
        for stream, left in self._left.items():
            count = min(left, self._windows[stream] + self._initial, self._window)
            if count <= 0:
                continue
            pieces = (min(FRAME_BYTES, count - at) for at in range(0, count, FRAME_BYTES))
            self._client.write(*(frame(DATA, 0, stream, bytes(size)) for size in pieces))
            self._window -= count
            self._windows[stream] -= count
            self._left[stream] -= count
            await self._client.drain()

    async def _receive(self) -> None:
        kind, flags, stream, payload = await self._client.receive()
        if kind == GOAWAY:
            raise ConnectionResetError
        if kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                if int.from_bytes(payload[at : at + 2], "big") == INITIAL_WINDOW_SIZE:
                    self._initial = int.from_bytes(payload[at + 2 : at + 6], "big")
        if kind == WINDOW_UPDATE and not stream:
            self._window += int.from_bytes(payload, "big")
        elif kind == WINDOW_UPDATE:
            self._windows[stream] += int.from_bytes(payload, "big")
        if kind == HEADERS and self._left.pop(stream, None) is not None:
            self._poured.statuses[status_of(payload)] += 1
        if kind == RST_STREAM and self._left.pop(stream, None) is not None:
            self._poured.resets += 1


async def _pour(
    edge: Edge, request: Request, *, connections: int, streams: int, poured: Poured, stop: Callable[[], bool]
) -> None:
    clients = [
        await Http2.connect(edge.port, edge.ca_file, address=request.address) for _ in range(connections)
    ]
    tasks = [
        asyncio.ensure_future(_Pouring(client, poured).run(request, streams=streams)) for client in clients
    ]
    while not stop():
        await asyncio.sleep(0.02)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for client in clients:
        client.close()


@asynccontextmanager
async def pouring(edge: Edge, request: Request, *, connections: int, streams: int) -> AsyncIterator[Poured]:
    """Pour bodies into several connections during the block, in a thread: the services under test, which run
    in this one, must not wait for their attackers."""
    poured, stop = Poured(), threading.Event()
    attack = partial(_pour, edge, request, connections=connections, streams=streams)
    running = asyncio.ensure_future(
        asyncio.to_thread(lambda: asyncio.run(attack(poured=poured, stop=stop.is_set)))
    )
    try:
        yield poured
    finally:
        stop.set()
        await running
