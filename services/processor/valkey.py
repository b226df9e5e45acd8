"""Valkey as the processor uses it: no work depends on it; without it, news arrives later."""

import asyncio
from collections.abc import Callable

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from services.common.logs import describe, log

_TIMEOUT_SECONDS = 1.0
_RECONNECT_SECONDS = 1.0
#: What a call raises if Valkey is unreachable or too slow.
TROUBLE = (RedisError, OSError, asyncio.TimeoutError)


def connect(url: str) -> Redis:
    """Return a client that gives up quickly, because no work depends on its answers."""
    return Redis.from_url(
        url,
        socket_timeout=_TIMEOUT_SECONDS,
        socket_connect_timeout=_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


async def follow(redis: Redis, pattern: str, heard: Callable[[str, str], None]) -> None:
    """Pass each message of a channel pattern to `heard`, across lost connections, until cancelled."""
    down = False
    while True:
        try:
            async with redis.pubsub() as pubsub:
                await pubsub.psubscribe(pattern)
                down = False
                while True:
                    # No message within the timeout only means silence.
                    message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=5.0)
                    if message is not None:
                        heard(message["channel"], message["data"])
        except TROUBLE as error:
            if not down:
                log.warning("valkey.lost", **describe(error))
            down = True
            await asyncio.sleep(_RECONNECT_SECONDS)
