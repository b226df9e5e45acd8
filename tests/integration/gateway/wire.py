"""HTTP as bytes: requests that no client library sends, and the little HTTP/2 that the tests need."""

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.support.patience import PATIENCE_SECONDS

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = range(5)
PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(6, 10)
END_STREAM, END_HEADERS, ACK = 1, 4, 1
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# Digits in HPACK's Huffman code (RFC 7541, appendix B): three of five bits, the others of six.
DIGITS = {"00000": "0", "00001": "1", "00010": "2"} | {f"{25 + n:06b}": str(3 + n) for n in range(7)}
INDEXED_STATUS = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP/1.1 answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def tls(ca_file: Path, *protocols: str) -> ssl.SSLContext:
    """Return a client's TLS context that offers `protocols` by ALPN."""
    context = ssl.create_default_context(cafile=str(ca_file))
    context.set_alpn_protocols(list(protocols))
    return context


async def http1(port: int, ca_file: Path, *pieces: bytes, pause: float = 0.0) -> Answer | None:
    """Send bytes on a new connection and read one answer; return None if none arrives."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls(ca_file, "http/1.1"))
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        return await asyncio.wait_for(_answer(reader), PATIENCE_SECONDS)
    except (ConnectionError, asyncio.IncompleteReadError):
        return None
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> Answer:
    """Read one answer; if the connection ends before the announced length, the body is what arrived."""
    answer = _head(await reader.readuntil(b"\r\n\r\n"))
    body = b""
    while len(body) < int(answer.headers.get("content-length", 0)):
        if not (piece := await reader.read(65536)):
            break
        body += piece
    return Answer(answer.status, answer.headers, body)


def _head(received: bytes) -> Answer:
    head = received.removesuffix(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Answer(int(first.split()[1]), headers, b"")


class Http2:
    """As much of RFC 9113 as a test needs: requests without bodies, and the status of their answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._stream = -1

    @classmethod
    async def connect(cls, port: int, ca_file: Path, *, address: str = "127.0.0.1") -> Self:
        """Connect from an address of this machine."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=tls(ca_file, "h2"), local_addr=(address, 0)
        )
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
        client = cls(reader, writer)
        room = (1 << 30).to_bytes(4, "big")
        # Without a dynamic table, a status is never a number of an earlier header.
        settings = frame(SETTINGS, 0, 0, b"\x00\x01" + bytes(4) + b"\x00\x04" + room)
        writer.write(PREFACE + settings + frame(WINDOW_UPDATE, 0, 0, room))
        return client

    def send(
        self, method: str, path: str, headers: dict[str, str] | None = None, *, flags: int = END_STREAM
    ) -> int:
        """Send a request, without a body unless `flags` are others; return the number of its stream."""
        self._stream += 2
        fields = {":method": method, ":scheme": "https", ":authority": "localhost", ":path": path}
        block = b"".join(literal(name, value) for name, value in {**fields, **(headers or {})}.items())
        self._writer.write(frame(HEADERS, flags | END_HEADERS, self._stream, block))
        return self._stream

    def write(self, *frames: bytes) -> None:
        self._writer.write(b"".join(frames))

    async def drain(self) -> None:
        """Wait until not too much is waiting to be sent."""
        await self._writer.drain()

    def reset(self, stream: int) -> None:
        self._writer.write(frame(RST_STREAM, 0, stream, (8).to_bytes(4, "big")))

    async def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
        """Send a GET; return the status and the body."""
        stream = self.send("GET", path, headers)
        status, body = 0, b""
        while True:
            kind, flags, number, payload = await self.receive()
            if number == stream and kind == RST_STREAM:
                raise ConnectionResetError(int.from_bytes(payload, "big"))
            if number != stream:
                continue
            if kind == HEADERS and not status:
                status = status_of(payload)
            if kind == DATA:
                body += payload
            if flags & END_STREAM:
                return status, body

    async def until_thrown_out(self) -> None:
        """Read until the server ends the connection."""
        try:
            while (await self.receive())[0] != GOAWAY:
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass

    async def receive(self) -> tuple[int, int, int, bytes]:
        """Return the next frame: type, flags, stream, payload."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            head = await self._reader.readexactly(9)
        payload = await self._reader.readexactly(int.from_bytes(head[:3], "big"))
        if head[3] == SETTINGS and not head[4] & ACK:
            self._writer.write(frame(SETTINGS, ACK, 0))
        if head[3] == PING and not head[4] & ACK:
            self._writer.write(frame(PING, ACK, 0, payload))
        return head[3], head[4], int.from_bytes(head[5:9], "big"), payload

    def close(self) -> None:
        self._writer.close()


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def literal(name: str, value: str) -> bytes:
    """Return a header field that is not added to the table."""
    return b"\x00" + _string(name) + _string(value)


def status_of(block: bytes) -> int:
    """Return the status, which comes first in an answer's header block."""
    while block[0] & 0xE0 == 0x20:  # a new size of the table
        block = block[1 if block[0] & 0x1F != 0x1F else 3 :]
    if block[0] & 0x80:
        return INDEXED_STATUS[block[0] & 0x7F]
    length = block[1]
    if not length & 0x80:
        return int(block[2 : 2 + length])
    bits = "".join(f"{byte:08b}" for byte in block[2 : 2 + (length & 0x7F)])
    digits = ""
    while len(digits) < 3:
        size = 5 if bits[:5] in DIGITS else 6
        digits += DIGITS[bits[:size]]
        bits = bits[size:]
    return int(digits)


def _string(text: str) -> bytes:
    content = text.encode()
    return _length(len(content)) + content


def _length(value: int) -> bytes:
    if value < 127:
        return bytes([value])
    value -= 127
    encoded = b"\x7f"
    while value >= 128:
        encoded += bytes([value % 128 + 128])
        value //= 128
    return encoded + bytes([value])
