"""Posts messages to addresses that people chose: checks them, follows no redirect, bounds bytes and time."""

import asyncio
import ssl
from datetime import UTC, datetime

import aiohttp
import yarl

from services.processor.provider.addresses import (
    CheckedResolver,
    Endpoints,
    Resolver,
    WebhookUrlNotAllowed,
)
from services.processor.provider.dialect.waits import retry_after
from services.processor.webhooks.attempts import (
    ADDRESS_NOT_ALLOWED,
    TIMED_OUT,
    UNREACHABLE,
    Attempt,
    reason_of,
)

TOTAL_SECONDS = 15.0
_CONNECT_SECONDS = 5.0
#: How much of an answer is read and discarded; a larger answer is cut off.
_ANSWER_BYTES = 16 * 1024


class WebhookPost:
    """Posts messages. A worker has one, made inside its event loop."""

    def __init__(
        self, endpoints: Endpoints, *, total_seconds: float = TOTAL_SECONDS, resolver: Resolver | None = None
    ) -> None:
        self._endpoints = endpoints
        connector = aiohttp.TCPConnector(
            limit=0,
            # Connections are not kept open: messages to one receiver are too rare.
            force_close=True,
            use_dns_cache=False,
            resolver=CheckedResolver(resolver or aiohttp.ThreadedResolver(), endpoints),
            ssl=ssl.create_default_context(),
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=total_seconds, sock_connect=_CONNECT_SECONDS),
        )

    async def send(self, url: str, content: bytes, headers: dict[str, str]) -> Attempt:
        """Post a message and return the outcome."""
        try:
            # Checked each time, because the operator's list may have changed since the webhook was stored.
            called = yarl.URL(self._endpoints.webhook_url(url))
            async with self._session.post(
                called, data=content, headers=headers, allow_redirects=False
            ) as response:
                await response.content.read(_ANSWER_BYTES)
                status = response.status
                wait = retry_after(response.headers, datetime.now(UTC)) or 0.0
        # One answer for a name that nobody knows and one that is private, so that it says nothing of either.
        except (WebhookUrlNotAllowed, aiohttp.ClientConnectorDNSError):
            return ADDRESS_NOT_ALLOWED
        except TimeoutError:
            return TIMED_OUT
        except (aiohttp.ClientError, OSError, ValueError):
            return UNREACHABLE
        return Attempt(status, reason_of(status), wait)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()
        # Transports close one loop iteration after their session.
        await asyncio.sleep(0)
