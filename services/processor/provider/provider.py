"""Calls to OpenAI-compatible endpoints: the official client over one bounded connection pool per worker.

It reads nothing from the environment and gets the API key for each call. Answers are bounded in bytes and
time; redirects are not followed and cookies are not kept. What a provider says leaves here only through the
door, which knows the key.
"""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import aiohttp
import httpx2
import orjson
import yarl
from openai import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    DefaultAioHttpClient,
    Omit,
)

from services.common.version import VERSION
from services.processor.provider import announced_limits
from services.processor.provider.addresses import Endpoints, Resolver
from services.processor.provider.answer import LOOP_CHARACTERS, Answer, Reads, Unusable, whole
from services.processor.provider.connections import session_of
from services.processor.provider.dialect import waits
from services.processor.provider.door import let_answer_pass, let_refusal_pass
from services.processor.provider.failures import (
    KEY_UNSENDABLE,
    NOT_CONNECTED,
    TIMED_OUT,
    TOO_LARGE,
    UNREACHABLE,
    Failure,
)
from services.processor.provider.unpacking import Unpacker, UnpackingFailed

# Any other header, above all a cookie, could be kept by the client and sent with other people's calls.
_KEPT_HEADERS = frozenset({"content-type", *waits.NAMES, *announced_limits.NAMES})
_KNOWN_URLS = 1000
_FIRST_REFUSAL = 400
#: The largest refusal that is read. A provider's words about an error are short, and the client reads them as
#: JSON on the event loop.
_REFUSAL_BYTES = 64 * 1024
#: What providers are told of the program that calls them, and nothing of its machine.
AGENT = f"smelt/{VERSION}"
# All that is sent: the client would add what it, Python and the machine are.
_SENT_HEADERS = ("authorization", "content-type")
_OWN_HEADERS = {"User-Agent": AGENT, "Accept": "application/json", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a call."""

    connect_seconds: float
    total_seconds: float
    answer_bytes: int


class AnswerTooLarge(httpx2.RequestError):
    """The answer is larger than allowed, packed or unpacked, or packed in a way that is not known."""


class _Transport(httpx2.AsyncBaseTransport):
    """Sends requests through aiohttp and returns complete, bounded answers."""

    def __init__(self, session: aiohttp.ClientSession, limits: Limits) -> None:
        self._session = session
        self._answer_bytes = limits.answer_bytes
        self._timeout = aiohttp.ClientTimeout(total=limits.total_seconds, sock_connect=limits.connect_seconds)
        self._urls: dict[str, yarl.URL] = {}

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        text = str(request.url)
        url = self._urls.get(text)
        if url is None:
            if len(self._urls) >= _KNOWN_URLS:
                self._urls.clear()
            url = self._urls[text] = yarl.URL(text, encoded=True)
        try:
            async with self._session.request(
                request.method,
                url,
                headers=_OWN_HEADERS | {name: request.headers[name] for name in _SENT_HEADERS},
                data=request.content,
                allow_redirects=False,
                timeout=self._timeout,
            ) as response:
                body = await self._body(response)
        except TimeoutError:
            raise httpx2.ReadTimeout("no complete answer arrived in time") from None
        except aiohttp.ClientConnectorError:
            raise httpx2.ConnectError("no connection was made") from None
        except (aiohttp.ClientError, OSError):
            raise httpx2.ReadError("the connection broke") from None
        headers = [(name, value) for name, value in response.headers.items() if name.lower() in _KEPT_HEADERS]
        return httpx2.Response(response.status, headers=headers, content=body, request=request)

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        try:
            # Nobody asked for a packed answer; some gateways send one all the same.
            most = self._answer_bytes if response.status < _FIRST_REFUSAL else _REFUSAL_BYTES
            unpacker = Unpacker(response.headers.get("Content-Encoding", ""), most)
            body = bytearray()
            async for piece in response.content.iter_any():
                body += unpacker.unpack(piece)
            return bytes(body)
        except UnpackingFailed as error:
            response.close()
            if response.status >= _FIRST_REFUSAL:
                # Its status says enough.
                return b""
            raise AnswerTooLarge(str(error)) from None

    async def aclose(self) -> None:
        await self._session.close()


class _Client(AsyncOpenAI):
    """The official client without the headers about itself, which it would put together for each call."""

    @property
    def default_headers(self) -> dict[str, str | Omit]:
        return {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": AGENT}


class Provider:
    """Sends prompts. A worker has one, made inside its event loop."""

    def __init__(self, endpoints: Endpoints, limits: Limits, *, resolver: Resolver | None = None) -> None:
        _forget_environment()
        self._endpoints = endpoints
        session = session_of(endpoints, resolver)
        self._client = _Client(
            # Each call sets its own Authorization header; this key is never sent.
            api_key="unused",
            base_url="https://provider.invalid/v1",
            max_retries=0,
            http_client=DefaultAioHttpClient(
                transport=_Transport(session, limits), trust_env=False, follow_redirects=False
            ),
        )

    async def ask(
        self,
        base_url: str,
        secret: bytes,
        body: Mapping[str, Any],
        *,
        account: str,
        read: Reads = whole,
        quick: int = LOOP_CHARACTERS,
    ) -> Answer | Unusable:
        """Send one prompt of an account and return its answer, or why there is none; raise AddressNotAllowed.

        `read` makes the texts that are kept of the model's words; it is quick with as many characters.
        """
        url = self._endpoints.completions_url(base_url)
        try:
            response = await self._client.post(
                url,
                cast_to=httpx2.Response,
                content=orjson.dumps(body),
                options={"headers": {"Authorization": f"Bearer {secret.decode('ascii')}"}},
            )
        except UnicodeDecodeError:
            return Unusable(KEY_UNSENDABLE)
        except APIStatusError as error:
            refusal = error.response
            failure = let_refusal_pass(
                refusal.status_code,
                refusal.content,
                refusal.headers,
                secret=secret,
                now=datetime.now(UTC),
                request=body,
            )
            return Unusable(failure, told=announced_limits.told_by(refusal.headers))
        except APITimeoutError:
            return Unusable(TIMED_OUT)
        except APIConnectionError as error:
            return Unusable(_why(error.__cause__))
        said = await let_answer_pass(
            response.content, body, secret=secret, account=account, read=read, quick=quick
        )
        told = announced_limits.told_by(response.headers)
        return said if told is None else replace(said, told=told)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        # Transports close one loop iteration after their session.
        await asyncio.sleep(0)


def _why(cause: BaseException | None) -> Failure:
    if isinstance(cause, AnswerTooLarge):
        return TOO_LARGE
    return NOT_CONNECTED if isinstance(cause, httpx2.ConnectError) else UNREACHABLE


def _forget_environment() -> None:
    """Remove what the client would read from the environment: API keys, organisations, headers."""
    for name in [name for name in os.environ if name.startswith("OPENAI_")]:
        del os.environ[name]
