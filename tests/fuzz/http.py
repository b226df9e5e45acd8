"""HTTP/1.1 as bytes over a kept connection: what is sent is not checked, what arrives is read strictly."""

import asyncio
import ssl
from dataclasses import dataclass, field

#: Of a stream of events, this much is read, and then the connection is closed.
_EVENTS_READ = 65_536


@dataclass(frozen=True, slots=True)
class Sent:
    """A request: its first line and headers without the framing, and the content."""

    method: bytes
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    content: bytes | None = None
    #: The operation that the request was made for, such as `POST /v1/files`.
    operation: str = ""

    def bytes(self) -> bytes:
        lines = [b"%b %b HTTP/1.1" % (self.method, self.target), b"Host: localhost"]
        lines += [b"%b: %b" % header for header in self.headers]
        if self.content is not None:
            lines.append(b"Content-Length: %d" % len(self.content))
        return b"\r\n".join(lines) + b"\r\n\r\n" + (self.content or b"")


@dataclass(frozen=True, slots=True)
class Received:
    """An answer. `whole` is False when the connection ended before the content did."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""
    whole: bool = True


class NoAnswer(Exception):
    """The connection ended, or nothing came in time, where an answer was due."""


class Connection:
    """A connection that is opened again when it was closed."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext, *, seconds: float) -> None:
        self._address = (host, port)
        self._context = context
        self._seconds = seconds
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: Sent) -> Received:
        """Send a request and return its answer; raise NoAnswer."""
        kept = self._streams is not None
        try:
            return await asyncio.wait_for(self._exchange(request), self._seconds)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError) as error:
            self.close()
            if kept:
                # The server may close an idle connection at any time; only a new one shows what it says.
                return await self.ask(request)
            raise NoAnswer(type(error).__name__) from None
        except TimeoutError:
            self.close()
            raise NoAnswer("nothing came in time") from None

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _exchange(self, request: Sent) -> Received:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._address, ssl=self._context, limit=1 << 20)
        reader, writer = self._streams
        writer.write(request.bytes())
        answer = await self._answer(reader, head=request.method == b"HEAD")
        if answer.headers.get("connection") == "close" or not answer.whole:
            self.close()
        return answer

    async def _answer(self, reader: asyncio.StreamReader, *, head: bool) -> Received:
        status, headers = _head(await reader.readuntil(b"\r\n\r\n"))
        while status == 100:
            status, headers = _head(await reader.readuntil(b"\r\n\r\n"))
        if head or status in (204, 304):
            return Received(status, headers)
        if headers.get("content-type") == "text/event-stream":
            return Received(status, headers, await reader.read(_EVENTS_READ), whole=False)
        try:
            return Received(status, headers, await _content(reader, headers))
        except asyncio.IncompleteReadError as error:
            return Received(status, headers, error.partial, whole=False)


def _head(received: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = received.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first.split()[1]), {name.lower(): value.strip() for name, _, value in pairs}


async def _content(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        return await reader.readexactly(int(headers.get("content-length", "0")))
    pieces = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        pieces.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return b"".join(pieces)
