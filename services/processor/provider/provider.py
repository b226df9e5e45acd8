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

from services.common.key_kinds import KeyKind
from services.common.version import VERSION
from services.processor.outside import Released
from services.processor.provider import announced_limits
from services.processor.provider.addresses import Endpoints, Resolver
from services.processor.provider.answer import LOOP_CHARACTERS, Answer, Reads, Unusable, whole
from services.processor.provider.connections import session_of
from services.processor.provider.dialect import waits
from services.processor.provider.dialect.refusals import OUTAGE_STATUSES
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
#: How long a try whether an endpoint is there may take. Nobody waits for it.
_PROBE_SECONDS = 20.0
_FIRST_REFUSAL = 400
#: The largest refusal that is read. A provider's words about an error are short, and the client reads them as
#: JSON on the event loop.
_REFUSAL_BYTES = 64 * 1024
#: What providers are told of the program that calls them, and nothing of its machine.
AGENT = f"smelt/{VERSION}"
_AS_API_KEY = "api-key"
#: Within the client each key travels as Authorization, the header that it never shows in a log or a repr. An
#: Azure key changes into a header of its own just before it is sent.
_SCHEMES = {KeyKind.OPENAI: "Bearer", KeyKind.AZURE_OPENAI: _AS_API_KEY}
OWN_HEADERS = {"User-Agent": AGENT, "Accept": "application/json", "Accept-Encoding": "identity"}


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
        self._connect_seconds = limits.connect_seconds
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
                headers=_sent_headers(request),
                data=request.content,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=request.extensions["timeout"]["read"], sock_connect=self._connect_seconds
                ),
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

    async def is_there(self, url: str) -> bool:
        """Whether a server answers, with any status but those of one that is away."""
        try:
            async with self._session.get(
                url,
                headers=OWN_HEADERS,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=_PROBE_SECONDS, sock_connect=self._connect_seconds),
            ) as response:
                return response.status not in OUTAGE_STATUSES
        except (TimeoutError, aiohttp.ClientError, OSError):
            return False

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
        self._total_seconds = limits.total_seconds
        session = session_of(endpoints, resolver)
        self._transport = _Transport(session, limits)
        self._client = _Client(
            # Each call sets its own Authorization header; this key is never sent.
            api_key="unused",
            base_url="https://provider.invalid/v1",
            max_retries=0,
            http_client=DefaultAioHttpClient(
                transport=self._transport, trust_env=False, follow_redirects=False
            ),
        )

    async def ask(
        self,
        key: Released,
        body: Mapping[str, Any],
        *,
        account: str,
        read: Reads = whole,
        quick: int = LOOP_CHARACTERS,
    ) -> Answer | Unusable:
        """Send one prompt of an account and return its answer, or why there is none; raise AddressNotAllowed.

        An answer may take as long as the key says, or else as long as the limits say.
        `read` makes the texts that are kept of the model's words; it is quick with as many characters.
        """
        url, secret = self._endpoints.completions_url(key.base_url, key.kind), key.secret
        try:
            response = await self._client.post(
                url,
                cast_to=httpx2.Response,
                content=orjson.dumps(body),
                options={
                    "headers": {"Authorization": f"{_SCHEMES[key.kind]} {secret.decode('ascii')}"},
                    "timeout": float(key.timeout_seconds or self._total_seconds),
                },
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

    async def is_there(self, base_url: str) -> bool:
        """Whether an endpoint answers, be it with a refusal; raise AddressNotAllowed. No key is sent."""
        return await self._transport.is_there(self._endpoints.probe_url(base_url))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
        # Transports close one loop iteration after their session.
        await asyncio.sleep(0)


def key_header(kind: KeyKind, secret: str) -> dict[str, str]:
    """Return the header in which a key of a kind is sent."""
    if kind is KeyKind.AZURE_OPENAI:
        return {_AS_API_KEY: secret}
    return {"authorization": f"{_SCHEMES[kind]} {secret}"}


def _sent_headers(request: httpx2.Request) -> dict[str, str]:
    """Return all that is sent: the client would add what it, Python and the machine are."""
    scheme, _, secret = request.headers["authorization"].partition(" ")
    kind = next(kind for kind, name in _SCHEMES.items() if name == scheme)
    return OWN_HEADERS | key_header(kind, secret) | {"content-type": request.headers["content-type"]}


def _why(cause: BaseException | None) -> Failure:
    if isinstance(cause, AnswerTooLarge):
        return TOO_LARGE
    return NOT_CONNECTED if isinstance(cause, httpx2.ConnectError) else UNREACHABLE


def _forget_environment() -> None:
    """Remove what the client would read from the environment: API keys, organisations, headers."""
    for name in [name for name in os.environ if name.startswith("OPENAI_")]:
        del os.environ[name]
