"""The official client as the way of a request: what it would send is what tests of keys and templates send.

Rows go without it, because it costs more than the call itself. A test holds that both send the same bytes.
"""

import os
from collections.abc import Mapping

import httpx2
from openai import APIConnectionError, APIStatusError, AsyncOpenAI, DefaultAioHttpClient, Omit

from services.processor.provider.exchange import AGENT, Received, Sends, Unanswered
from services.processor.provider.failures import UNREACHABLE, Failure

_AUTHORIZATION = "Authorization"


class OfficialClient:
    """Sends requests through the openai package, which is given the key for each call alone."""

    def __init__(self, sender: Sends) -> None:
        _forget_environment()
        self._client = _Client(
            # Each call brings its own header; this key is never sent.
            api_key="unused",
            base_url="https://provider.invalid/v1",
            max_retries=0,
            http_client=DefaultAioHttpClient(
                transport=_Transport(sender), trust_env=False, follow_redirects=False
            ),
        )

    async def post(self, url: str, key: Mapping[str, str], content: bytes, seconds: float) -> Received:
        """See `Sends`."""
        try:
            response = await self._client.post(
                url,
                cast_to=httpx2.Response,
                content=content,
                options={"headers": {_AUTHORIZATION: Omit(), **key}, "timeout": seconds},
            )
        except APIStatusError as error:
            response = error.response
        except APIConnectionError as error:
            raise Unanswered(_why(error.__cause__)) from None
        return Received(response.status_code, dict(response.headers), response.content)


class _NoAnswer(httpx2.RequestError):
    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


class _Transport(httpx2.AsyncBaseTransport):
    """Sends what the client made, without what it adds about itself, Python and the machine."""

    def __init__(self, sender: Sends) -> None:
        self._sender = sender

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        key = {name: request.headers[name] for name in (_AUTHORIZATION, "api-key") if name in request.headers}
        seconds = request.extensions["timeout"]["read"]
        try:
            received = await self._sender.post(str(request.url), key, request.content, seconds)
        except Unanswered as error:
            raise _NoAnswer(error.failure) from None
        return httpx2.Response(
            received.status, headers=received.headers, content=received.body, request=request
        )


class _Client(AsyncOpenAI):
    """The official client without the headers about itself, which it would put together for each call."""

    @property
    def default_headers(self) -> dict[str, str | Omit]:
        return {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": AGENT}


def _why(cause: BaseException | None) -> Failure:
    return cause.failure if isinstance(cause, _NoAnswer) else UNREACHABLE


def _forget_environment() -> None:
    """Remove what the client would read from the environment: API keys, organisations, headers."""
    for name in [name for name in os.environ if name.startswith("OPENAI_")]:
        del os.environ[name]
