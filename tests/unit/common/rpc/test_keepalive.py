"""Pings between processes: no server takes its own peers' for an attack, however busy it was."""

import asyncio
import struct
from types import SimpleNamespace
from typing import Any, cast

import grpc
import pytest

from gateway.clusters import clusters
from services.common.rpc import keepalive, tls

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_SETTINGS, _PING, _GOAWAY = 4, 6, 7
#: How many pings a busy client may send before a busy server answers anything else.
MANY = 50


def option(options: Any, name: str) -> Any:
    return dict(options)[name]


def test_each_side_pings_less_often_than_the_other_expects() -> None:
    expected = option(tls.server_options(), "grpc.http2.min_recv_ping_interval_without_data_ms") / 1000
    sent = option(keepalive.CLIENT_OPTIONS, "grpc.keepalive_time_ms") / 1000
    assert expected == keepalive.LEAST_SECONDS
    # One or two that were held up may come with the next one.
    assert sent >= 4 * expected
    assert _gateway_seconds() >= 4 * expected
    assert option(tls.server_options(), "grpc.keepalive_permit_without_calls") == 1
    # A client's own measurements are pings too, and no interval holds for them.
    assert option(keepalive.CLIENT_OPTIONS, "grpc.http2.bdp_probe") == 0


def _gateway_seconds() -> float:
    """How often the gateway pings a service."""
    settings = SimpleNamespace(peer=lambda _: "127.0.0.1:1")
    cluster: Any = clusters(cast(Any, settings), "")[0]
    (options,) = cluster["typed_extension_protocol_options"].values()
    interval = options["explicit_http_config"]["http2_protocol_options"]["connection_keepalive"]["interval"]
    return float(interval.removesuffix("s"))


def test_a_channel_has_the_options_of_a_client() -> None:
    assert set(keepalive.SERVER_OPTIONS) <= set(tls.server_options())


async def _frame(reader: asyncio.StreamReader) -> tuple[int, int, bytes]:
    head = await reader.readexactly(9)
    length = int.from_bytes(head[:3])
    return head[3], head[4], await reader.readexactly(length)


@pytest.mark.promise("S53")
async def test_pings_that_were_held_up_and_come_together_end_no_connection() -> None:
    server = grpc.aio.server(options=tls.server_options())
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(_PREFACE + struct.pack(">I", 0)[1:] + bytes((_SETTINGS, 0, 0, 0, 0, 0)))
        for number in range(MANY):
            writer.write(b"\0\0\x08" + bytes((_PING, 0, 0, 0, 0, 0)) + number.to_bytes(8))
        await writer.drain()
        answered: set[int] = set()
        async with asyncio.timeout(60):
            while len(answered) < MANY:
                kind, flags, payload = await _frame(reader)
                assert kind != _GOAWAY, payload
                if kind == _PING and flags & 1:
                    answered.add(int.from_bytes(payload))
    finally:
        writer.close()
        await server.stop(None)
