"""A small, fast HTTP/1.1 server protocol for the stand-in provider: requests in, scripted replies out."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import cast

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 64 * 1024 * 1024

REASONS = {
    200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 408: "Request Timeout", 409: "Conflict", 413: "Content Too Large",
    429: "Too Many Requests", 431: "Request Header Fields Too Large", 500: "Internal Server Error",
    502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}  # fmt: skip


class Ending(Enum):
    """What happens to the connection while or after a reply is written."""

    KEEP = "keep"
    CUT_OFF = "cut_off"
    RESET = "reset"
    TRICKLE = "trickle"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it was received; header names are lower case, values are as sent."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What to reply, after how many seconds, and what to do with the connection.

    ``settled`` is called once: with True when the reply was passed to the connection, with False when the
    client left before that.
    """

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    delay_seconds: float = 0.0
    #: Takes what sends the reply and calls it later, in place of a delay.
    hold: Callable[[Callable[[], None]], None] | None = None
    ending: Ending = Ending.KEEP
    settled: Callable[[bool], None] | None = None

    def head(self) -> bytes:
        """Return the status line and the headers, ready to be sent."""
        reason = REASONS.get(self.status, "Status")
        extra = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        return (
            f"HTTP/1.1 {self.status} {reason}\r\ncontent-type: {self.content_type}\r\n"
            f"content-length: {len(self.body)}\r\n{extra}\r\n"
        ).encode("latin-1")


Handler = Callable[[Request], Reply]


class BadRequest(Exception):
    """The bytes on the connection are not a request that this server supports."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class HttpConnection(asyncio.Protocol):
    """One keep-alive connection; requests are answered one after another, in order."""

    def __init__(self, handler: Handler, open_connections: set[HttpConnection]) -> None:
        self._handler = handler
        self._open = open_connections
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.TimerHandle | None = None
        self._reply: Reply | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        self._transport = None
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        reply, self._reply = self._reply, None
        if reply is not None and reply.settled is not None:
            reply.settled(False)

    def close(self) -> None:
        """Drop the connection at once, even if data is unsent."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._advance()

    def _advance(self) -> None:
        while self._reply is None and self._transport is not None and self._buffer:
            try:
                request = self._take_request()
            except BadRequest as error:
                self._transport.write(Reply(error.status, str(error).encode(), "text/plain").head())
                self._transport.write(str(error).encode())
                self._transport.close()
                return
            if request is None:
                return
            self._reply = reply = self._handler(request)
            if reply.hold is not None:
                reply.hold(self._send)
            elif reply.delay_seconds > 0:
                loop = asyncio.get_running_loop()
                self._waiting = loop.call_later(reply.delay_seconds, self._send)
            else:
                self._send()

    def _take_request(self) -> Request | None:
        """Take one whole request from the buffer, or return None if more bytes are needed."""
        buffer = self._buffer
        end = buffer.find(b"\r\n\r\n")
        if end > MAX_HEAD_BYTES or (end < 0 and len(buffer) > MAX_HEAD_BYTES):
            raise BadRequest(431, "the head of the request is too large")
        if end < 0:
            return None
        request_line, *lines = buffer[:end].decode("latin-1").split("\r\n")
        parts = request_line.split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            raise BadRequest(400, "not an HTTP/1.1 request")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        start = end + 4
        if "chunked" in headers.get("transfer-encoding", "").lower():
            taken = self._take_chunks(start)
            if taken is None:
                self._continue_if_asked(headers, len(buffer) > start)
                return None
            body, after = taken
        else:
            length = headers.get("content-length", "0")
            if not length.isdecimal():
                raise BadRequest(400, "the content length is not a number")
            after = start + int(length)
            if after - start > MAX_BODY_BYTES:
                raise BadRequest(413, "the body is too large")
            if len(buffer) < after:
                self._continue_if_asked(headers, len(buffer) > start)
                return None
            body = bytes(buffer[start:after])
        del buffer[:after]
        path, _, query = parts[1].partition("?")
        return Request(method=parts[0], path=path, query=query, headers=headers, body=body)

    def _take_chunks(self, start: int) -> tuple[bytes, int] | None:
        """Return the body of a chunked request and where it ends, or None if it is incomplete."""
        body = bytearray()
        while True:
            line_end = self._buffer.find(b"\r\n", start)
            if line_end < 0:
                return None
            try:
                size = int(self._buffer[start:line_end].split(b";")[0], 16)
            except ValueError:
                raise BadRequest(400, "a chunk has no size") from None
            start = line_end + 2
            if size < 0 or len(body) + size > MAX_BODY_BYTES:
                raise BadRequest(413, "the body is too large")
            if len(self._buffer) < start + size + 2:
                return None
            if size == 0:
                return bytes(body), start + 2
            body += self._buffer[start : start + size]
            start += size + 2

    def _continue_if_asked(self, headers: dict[str, str], body_has_begun: bool) -> None:
        if not body_has_begun and headers.get("expect", "").lower() == "100-continue":
            assert self._transport is not None
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _send(self) -> None:
        self._waiting = None
        reply, transport = self._reply, self._transport
        if reply is None or transport is None:
            return
        if reply.ending is Ending.TRICKLE:
            transport.write(reply.head())
            self._trickle(0)
            return
        self._settle(reply)
        if reply.ending is Ending.RESET:
            _reset(transport)
        elif reply.ending is Ending.CUT_OFF:
            transport.write(reply.head() + reply.body[: len(reply.body) // 2])
            transport.close()
        else:
            transport.write(reply.head() + reply.body)
            # A synchronous reply returns to the loop in _advance; a delayed one must restart the loop.
            if reply.delay_seconds > 0 or reply.hold is not None:
                self._advance()

    def _trickle(self, sent: int) -> None:
        """Write one byte of the body per second, as long as the client listens."""
        self._waiting = None
        reply, transport = self._reply, self._transport
        if reply is None or transport is None:
            return
        transport.write(reply.body[sent : sent + 1])
        if sent + 1 < len(reply.body):
            self._waiting = asyncio.get_running_loop().call_later(1.0, self._trickle, sent + 1)
        else:
            self._settle(reply)
            self._advance()

    def _settle(self, reply: Reply) -> None:
        self._reply = None
        if reply.settled is not None:
            reply.settled(True)


def _reset(transport: asyncio.Transport) -> None:
    """Close so that the client sees a TCP reset instead of an orderly close."""
    connection: socket.socket = transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
