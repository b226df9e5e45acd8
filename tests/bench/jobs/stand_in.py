"""The stand-in provider's own ceiling and cost, measured by a client that only sends and counts."""

import asyncio
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from tests.bench.figures import Figure, cpu_seconds
from tests.bench.jobs.site import Site

CALLS = 20_000
CONNECTIONS = 64
_BODY = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"Write a hook for row 1"}]}'


def run(site: Site) -> Iterator[Figure]:
    """Send requests as fast as it answers."""
    site.provider.script(record=False)
    host = urlsplit(site.provider.base_url).hostname or ""
    port = urlsplit(site.provider.base_url).port or 0
    pid = site.stack.pids["provider"]
    before, started = cpu_seconds([pid]), time.perf_counter()
    asyncio.run(_load(host, port))
    seconds, cpu = time.perf_counter() - started, cpu_seconds([pid]) - before
    yield Figure(
        "the stand-in's own ceiling, calls/s",
        CALLS / seconds,
        3000,
        f"{1000 * cpu / CALLS:.3f} ms CPU a call; the client shares the machine",
    )


async def _load(host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    left = iter(range(CALLS))
    clients = [_Client(host, left) for _ in range(CONNECTIONS)]
    for client in clients:
        await loop.create_connection(lambda client=client: client, host, port)  # type: ignore[misc]
    await asyncio.gather(*(client.done for client in clients))


class _Client(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, host: str, left: "Iterator[int]") -> None:
        self._request = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer sk-bench\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(_BODY)}\r\n\r\n"
        ).encode() + _BODY
        self._left = left
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = next(
            int(line.partition(b":")[2]) for line in head.lower().split(b"\r\n") if b"content-length" in line
        )
        if len(body) >= length:
            self._buffer = body[length:]
            self._send()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the stand-in hung up"))

    def _send(self) -> None:
        assert self._transport is not None
        if next(self._left, None) is None:
            if not self.done.done():
                self.done.set_result(None)
            self._transport.close()
            return
        self._transport.write(self._request)
