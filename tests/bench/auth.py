"""The cost of authentication: the check at each request, logins beside bare bcrypt, a flood of strangers."""

import asyncio
import json
import os
import ssl
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import bcrypt
import httpx2
import yaml

from deploy.local import binaries
from services.auth.passwords.passwords import COST
from services.common.ids import new_id
from tests.bench.figures import Figure
from tests.e2e.api import PASSWORD, Person, register, tls
from tests.support.ports import free_port
from tests.support.stack import Stack
from tests.support.wire import passport

SECONDS = 4.0
CONNECTIONS = 16
ASKED = "/v1/files?page_size=1"
#: As many as auth has by default.
THREADS = max(1, (os.cpu_count() or 1) - 1)


class Connection:
    """One keep-alive connection that sends prepared requests; httpx would mostly measure itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, url: str, trust: ssl.SSLContext, source: str = "127.0.0.1") -> "Connection":
        place = urlsplit(url)
        return cls(
            *await asyncio.open_connection(
                place.hostname, place.port, ssl=trust, server_hostname="localhost", local_addr=(source, 0)
            )
        )

    async def send(self, request: bytes) -> int:
        """Send a request and return the status of the response."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        lowered = head.lower()
        start = lowered.find(b"content-length:")
        if start >= 0:
            await self._reader.readexactly(int(lowered[start + 15 : lowered.index(b"\r\n", start)]))
        else:
            while (size := int(await self._reader.readline(), 16)) > 0:
                await self._reader.readexactly(size + 2)
            await self._reader.readline()
        return int(head[9:12])

    def close(self) -> None:
        self._writer.close()


def request(method: str, path: str, *, token: str = "", body: Any = None) -> bytes:
    """Return a request's bytes."""
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {path} HTTP/1.1", "host: localhost", f"content-length: {len(content)}"]
    if token:
        lines.append(f"authorization: Bearer {token}")
    if content:
        lines.append("content-type: application/json")
    return "\r\n".join([*lines, "", ""]).encode() + content


def trust_of(stack: Stack) -> ssl.SSLContext:
    made = tls(stack)
    made.check_hostname = False
    return made


async def rate(url: str, trust: ssl.SSLContext, sent: bytes, *, connections: int, seconds: float) -> float:
    """Return the requests per second over `connections` connections, each with one request in flight."""
    opened = [await Connection.open(url, trust) for _ in range(connections)]
    end = time.perf_counter() + seconds
    done = 0

    async def ask(connection: Connection) -> None:
        nonlocal done
        while time.perf_counter() < end:
            status = await connection.send(sent)
            assert status in (200, 201), status
            done += 1

    started = time.perf_counter()
    await asyncio.gather(*map(ask, opened))
    took = time.perf_counter() - started
    for connection in opened:
        connection.close()
    return done / took


@asynccontextmanager
async def open_edge(stack: Stack, shown: str) -> AsyncIterator[str]:
    """A second Envoy like the stack's, with one route that skips auth and adds the passport itself."""
    home = stack.state_dir / "gateway"
    config = yaml.safe_load((home / "envoy.yaml").read_text())
    port = free_port()
    del config["admin"]
    (listener,) = config["static_resources"]["listeners"]
    listener["address"]["socket_address"]["port_value"] = port
    manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
    for route in manager["route_config"]["virtual_hosts"][0]["routes"]:
        if route["match"].get("path") == urlsplit(ASKED).path and "route" in route:
            route.setdefault("typed_per_filter_config", {})["envoy.filters.http.ext_authz"] = {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute",
                "disabled": True,
            }
            route["request_headers_to_add"].append({"header": {"key": "x-smelt-passport", "value": shown}})
    written = home / "open.yaml"
    written.write_text(yaml.safe_dump(config))
    argv = [str(binaries.envoy()), "-c", str(written), "--disable-hot-restart", "--concurrency", "2"]
    process = await asyncio.create_subprocess_exec(
        *argv, "--log-level", "error", stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        url = f"https://127.0.0.1:{port}"
        async with asyncio.timeout(20):
            while True:
                try:
                    (await Connection.open(url, trust_of(stack))).close()
                    break
                except OSError:
                    await asyncio.sleep(0.1)
        yield url
    finally:
        process.terminate()
        await process.wait()
        written.unlink()


async def _checks(stack: Stack, person: Person) -> Figure:
    asked = request("GET", ASKED, token=person.token)
    trust = trust_of(stack)
    ratios, rates = [], []
    async with open_edge(stack, await passport(stack, person.token)) as open_url:
        for _ in range(3):
            without = await rate(open_url, trust, asked, connections=CONNECTIONS, seconds=SECONDS)
            with_it = await rate(stack.gateway_url, trust, asked, connections=CONNECTIONS, seconds=SECONDS)
            ratios.append(with_it / without)
            rates.append((with_it, without))
    with_it, without = rates[ratios.index(statistics.median(ratios))]
    return Figure(
        f"authorised requests, {CONNECTIONS} connections",
        statistics.median(ratios),
        0.45,
        f"{with_it:.0f}/s with the question to auth, {without:.0f}/s on an open route",
    )


def bare_bcrypt(seconds: float) -> float:
    """Return the hashes per second of as many threads as auth has bcrypt processes."""
    salt = bcrypt.gensalt(COST)
    end = time.perf_counter() + seconds

    def hash_until_end() -> int:
        done = 0
        while time.perf_counter() < end:
            bcrypt.hashpw(b"x" * 64, salt)
            done += 1
        return done

    started = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        done = sum(pool.map(lambda _: hash_until_end(), range(THREADS)))
    return done / (time.perf_counter() - started)


async def _logins(stack: Stack, person: Person) -> Figure:
    sent = request("POST", "/v1/sessions", body={"email": person.email, "password": PASSWORD})
    ratios, rates = [], []
    for _ in range(3):
        bare = await asyncio.to_thread(bare_bcrypt, SECONDS)
        logins = await rate(
            stack.gateway_url, trust_of(stack), sent, connections=2 * THREADS, seconds=2 * SECONDS
        )
        ratios.append(logins / bare)
        rates.append((logins, bare))
    logins, bare = rates[ratios.index(statistics.median(ratios))]
    detail = f"{logins:.1f}/s, bare bcrypt on {THREADS} threads {bare:.1f}/s"
    return Figure("logins beside bare bcrypt", statistics.median(ratios), 0.9, detail)


async def _p99(url: str, trust: ssl.SSLContext, asked: bytes, seconds: float) -> float:
    """Return the 99th percentile, in seconds, of requests sent every 10 ms."""
    connections = [await Connection.open(url, trust, "127.0.0.2") for _ in range(8)]
    took: list[float] = []
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for connection in connections:
        free.put_nowait(connection)

    async def one() -> None:
        started = time.perf_counter()
        connection = await free.get()
        assert await connection.send(asked) == 200
        took.append(time.perf_counter() - started)
        free.put_nowait(connection)

    waiting = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        waiting.append(asyncio.create_task(one()))
        await asyncio.sleep(0.01)
    await asyncio.gather(*waiting)
    for connection in connections:
        connection.close()
    return statistics.quantiles(took, n=100)[98]


async def _flood(stack: Stack, per_second: float, stop: asyncio.Event) -> dict[int, int]:
    """Send strangers' logins from many addresses, at a fixed rate regardless of the responses."""
    trust = trust_of(stack)
    addresses = [f"127.0.1.{number}" for number in range(1, 65)]
    free: asyncio.Queue[Connection] = asyncio.Queue()
    for source in addresses * 3:
        free.put_nowait(await Connection.open(stack.gateway_url, trust, source))
    statuses: dict[int, int] = {}

    async def one() -> None:
        connection = await free.get()
        body = {"email": f"{new_id()}@example.com", "password": f"bench {new_id()}"}
        status = await connection.send(request("POST", "/v1/sessions", body=body))
        statuses[status] = statuses.get(status, 0) + 1
        free.put_nowait(connection)

    tasks: set[asyncio.Task[None]] = set()
    while not stop.is_set():
        task = asyncio.create_task(one())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        await asyncio.sleep(1 / per_second)
    await asyncio.gather(*tasks)
    return statuses


async def _under_flood(stack: Stack, person: Person) -> Figure:
    asked = request("GET", ASKED, token=person.token)
    trust = trust_of(stack)
    per_second = 10 * await asyncio.to_thread(bare_bcrypt, 2.0)
    ratios, seen = [], []
    for _ in range(3):
        quiet = await _p99(stack.gateway_url, trust, asked, 2 * SECONDS)
        stop = asyncio.Event()
        flooding = asyncio.create_task(_flood(stack, per_second, stop))
        await asyncio.sleep(2)
        flooded = await _p99(stack.gateway_url, trust, asked, 2 * SECONDS)
        stop.set()
        statuses = await flooding
        ratios.append(flooded / quiet)
        seen.append((quiet, flooded, statuses))
    quiet, flooded, statuses = seen[ratios.index(statistics.median(ratios))]
    return Figure(
        "p99 of other routes under a flood of unknown users",
        statistics.median(ratios),
        2.0,
        f"{flooded * 1000:.1f} ms at {per_second:.0f} logins/s ({statuses}), quiet {quiet * 1000:.1f} ms",
        above=False,
    )


def run(stack: Stack) -> Iterator[Figure]:
    """Measure all three."""
    with httpx2.Client(base_url=stack.gateway_url, verify=tls(stack), timeout=60, trust_env=False) as http:
        person = register(http)
    yield asyncio.run(_checks(stack, person))
    yield asyncio.run(_logins(stack, person))
    yield asyncio.run(_under_flood(stack, person))
