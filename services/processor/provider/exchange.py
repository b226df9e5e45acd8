"""One request to a provider and its whole answer, bounded in bytes and time, over one pool per worker.

Nothing is read from the environment, redirects are not followed and cookies are not kept.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import aiohttp
import yarl

from services.common.version import VERSION
from services.processor.provider import announced_limits
from services.processor.provider.addresses import Endpoints, Resolver
from services.processor.provider.connections import session_of
from services.processor.provider.dialect import waits
from services.processor.provider.dialect.refusals import OUTAGE_STATUSES
from services.processor.provider.failures import NOT_CONNECTED, TIMED_OUT, TOO_LARGE, UNREACHABLE, Failure
from services.processor.provider.unpacking import Unpacker, UnpackingFailed

# Any other header, above all a cookie, could be kept by a client and sent with other people's calls.
_KEPT_HEADERS = frozenset({*waits.NAMES, *announced_limits.NAMES})
_KNOWN_URLS = 1000
#: How long a try whether an endpoint is there may take. Nobody waits for it.
_PROBE_SECONDS = 20.0
_FIRST_REFUSAL = 400
#: The largest refusal that is read. A provider's words about an error are short, and they are read as JSON
#: on the event loop.
_REFUSAL_BYTES = 64 * 1024
#: What providers are told of the program that calls them, and nothing of its machine.
AGENT = f"smelt/{VERSION}"
OWN_HEADERS = {"User-Agent": AGENT, "Accept": "application/json", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a call."""

    connect_seconds: float
    total_seconds: float
    answer_bytes: int


@dataclass(frozen=True, slots=True)
class Received:
    """A whole answer: its status, its body, and the headers that are read, with names in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_accepted(self) -> bool:
        """Whether the request was accepted; a redirect is not followed, and so is a refusal."""
        return 200 <= self.status < 300


class Unanswered(Exception):
    """There is no whole answer; `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


class Sends(Protocol):
    """Sends a request's JSON with the header of its key."""

    async def post(self, url: str, key: Mapping[str, str], content: bytes, seconds: float) -> Received:
        """Return the answer that came within as many seconds; raise Unanswered, AddressNotAllowed."""
        ...


class Exchange:
    """Sends requests. A worker has one, made inside its event loop."""

    def __init__(self, endpoints: Endpoints, limits: Limits, *, resolver: Resolver | None = None) -> None:
        self._session = session_of(endpoints, resolver)
        self._limits = limits
        self._urls: dict[str, yarl.URL] = {}

    async def post(self, url: str, key: Mapping[str, str], content: bytes, seconds: float) -> Received:
        """See `Sends`."""
        try:
            async with self._session.post(
                self._url(url),
                headers={**OWN_HEADERS, **key, "Content-Type": "application/json"},
                data=content,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=self._limits.connect_seconds),
            ) as response:
                body = await self._body(response)
        except TimeoutError:
            raise Unanswered(TIMED_OUT) from None
        except aiohttp.ClientConnectorError:
            raise Unanswered(NOT_CONNECTED) from None
        except (aiohttp.ClientError, OSError):
            raise Unanswered(UNREACHABLE) from None
        return Received(response.status, _kept(response.headers), body)

    async def is_there(self, url: str) -> bool:
        """Whether a server answers, with any status but those of one that is away."""
        try:
            async with self._session.get(
                self._url(url),
                headers=OWN_HEADERS,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=_PROBE_SECONDS, sock_connect=self._limits.connect_seconds
                ),
            ) as response:
                return response.status not in OUTAGE_STATUSES
        except (TimeoutError, aiohttp.ClientError, OSError):
            return False

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()
        # Transports close one loop iteration after their session.
        await asyncio.sleep(0)

    def _url(self, text: str) -> yarl.URL:
        url = self._urls.get(text)
        if url is None:
            if len(self._urls) >= _KNOWN_URLS:
                self._urls.clear()
            url = self._urls[text] = yarl.URL(text, encoded=True)
        return url

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        try:
            # Nobody asked for a packed answer; some gateways send one all the same.
            is_refusal = response.status >= _FIRST_REFUSAL
            most = _REFUSAL_BYTES if is_refusal else self._limits.answer_bytes
            unpacker = Unpacker(response.headers.get("Content-Encoding", ""), most)
            body = bytearray()
            async for piece in response.content.iter_any():
                body += unpacker.unpack(piece)
            return bytes(body)
        except UnpackingFailed:
            response.close()
            if response.status >= _FIRST_REFUSAL:
                # Its status says enough.
                return b""
            raise Unanswered(TOO_LARGE) from None


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name, value in headers.items():
        if (small := name.lower()) in _KEPT_HEADERS:
            # A header that comes twice is a list (RFC 9110 5.3).
            kept[small] = f"{kept[small]}, {value}" if small in kept else value
    return kept
