"""HTTP/2 frames that are cheap to send, in great numbers: their sender is thrown out, or they do nothing."""

import asyncio
from collections.abc import Callable

import pytest

from tests.integration.gateway.authorisation import GOOD
from tests.integration.gateway.beside import another_address, good_client, no_more_memory_than
from tests.integration.gateway.conftest import Edge
from tests.integration.gateway.wire import (
    CONTINUATION,
    DATA,
    GOAWAY,
    HEADERS,
    PING,
    PRIORITY,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    Http2,
    frame,
    literal,
)
from tests.support.patience import PATIENCE_SECONDS

pytestmark = [pytest.mark.xdist_group("gateway"), pytest.mark.promise("S53")]
PADDED = 8
MANY = 50_000
#: Frames for an open stream, that of an upload.
THROWN_OUT: dict[str, Callable[[int], bytes]] = {
    "empty data": lambda stream: frame(DATA, 0, stream),
    "data of padding": lambda stream: frame(DATA, PADDED, stream, b"\x03\0\0\0"),
    "continuations": lambda stream: frame(CONTINUATION, 0, stream, literal("a", "b")),
    "priorities": lambda stream: frame(PRIORITY, 0, stream, b"\0\0\0\0\x10"),
    "priorities of streams to come": lambda stream: frame(PRIORITY, 0, stream + 100, b"\0\0\0\0\x10"),
    "small windows": lambda stream: frame(WINDOW_UPDATE, 0, stream, b"\0\0\0\x01"),
    "small windows for all": lambda stream: frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\x01"),
    "no windows": lambda stream: frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\0"),
    "headers again": lambda stream: frame(HEADERS, 4, stream, literal("a", "b")),
}
#: What is answered is held back when the answers are not read; the rest is read and forgotten.
BORNE: dict[str, Callable[[int], bytes]] = {
    "pings": lambda stream: frame(PING, 0, 0, b"12345678"),
    "settings": lambda stream: frame(SETTINGS, 0, 0),
    "goodbyes": lambda stream: frame(GOAWAY, 0, 0, bytes(8)),
    "unknown frames": lambda stream: frame(0x77, 0, stream, bytes(100)),
    "resets": lambda stream: frame(RST_STREAM, 0, stream, b"\0\0\0\x08"),
}


async def upload(edge: Edge, address: str) -> tuple[Http2, int]:
    """Begin an upload and return its connection and stream."""
    client = await Http2.connect(edge.port, edge.ca_file, address=address)
    headers = {"content-type": "text/csv", "authorization": f"Bearer {GOOD}"}
    return client, client.send("POST", "/v1/files:upload", headers, flags=0)


async def test_who_sends_frames_of_nothing_is_thrown_out(edge: Edge) -> None:
    """All kinds at once, because Envoy gives each connection a second to read why."""
    address = another_address(70)
    uploads = {kind: await upload(edge, address) for kind in THROWN_OUT}
    inside = set(THROWN_OUT)

    async def flood(kind: str, client: Http2, stream: int) -> None:
        client.write(THROWN_OUT[kind](stream) * MANY)
        await client.until_thrown_out()
        inside.discard(kind)

    try:
        async with no_more_memory_than(edge, 40), good_client(edge):
            floods = [asyncio.ensure_future(flood(kind, *uploads[kind])) for kind in THROWN_OUT]
            await asyncio.wait(floods, timeout=PATIENCE_SECONDS / 2)
            assert not inside
    finally:
        for client, _ in uploads.values():
            client.close()


@pytest.mark.parametrize("kind", BORNE)
async def test_frames_that_nobody_asked_for_do_no_harm(edge: Edge, kind: str) -> None:
    client, stream = await upload(edge, another_address(90 + list(BORNE).index(kind)))
    try:
        async with no_more_memory_than(edge, 20), good_client(edge):
            client.write(BORNE[kind](stream) * MANY)
            reading = asyncio.ensure_future(client.until_thrown_out())
            # Without being thrown out, it has been borne: everything was read.
            await asyncio.wait(
                {reading, asyncio.ensure_future(client.drain())}, return_when="FIRST_COMPLETED"
            )
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
    finally:
        client.close()


async def test_what_follows_on_a_stream_that_was_answered_is_not_kept(edge: Edge) -> None:
    client = await Http2.connect(edge.port, edge.ca_file, address=another_address(99))
    try:
        async with no_more_memory_than(edge, 20), good_client(edge):
            stream = client.send("POST", "/v1/nothing", {"content-type": "text/csv"}, flags=0)
            while (await client.receive())[0] != RST_STREAM:
                pass
            client.write(frame(DATA, 0, stream) * MANY)
            await client.drain()
            assert (await client.get("/healthz"))[0] == 200
    finally:
        client.close()
