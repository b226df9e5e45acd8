"""The pools of connections to providers: checked addresses, no cookies, nothing from the environment."""

import aiohttp
import httpx2

from services.processor.provider.addresses import CheckedResolver, Endpoints, Resolver

_IDLE_SECONDS = 30.0


def session_of(endpoints: Endpoints, resolver: Resolver | None = None) -> aiohttp.ClientSession:
    """Return a pool whose connections go to addresses that `endpoints` allow; make it in the event loop."""
    connector = aiohttp.TCPConnector(
        # No limit here: the shards bound the calls in flight.
        limit=0,
        keepalive_timeout=_IDLE_SECONDS,
        resolver=CheckedResolver(resolver or aiohttp.ThreadedResolver(), endpoints),
        ssl=httpx2.create_ssl_context(trust_env=False),
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
    )
