"""Valkey as the processor uses it: nothing waits for it, and without it everything goes on, later."""

import asyncio
from collections.abc import Callable

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from services.common.logs import describe, log

_TIMEOUT_SECONDS = 1.0
_RECONNECT_SECONDS = 1.0
#: What a call raises when Valkey is away or late.
TROUBLE = (RedisError, OSError, asyncio.TimeoutError)


def connect(url: str) -> Redis:
    """Return a client that gives up quickly, because nothing waits for it."""
    return Redis.from_url(
        url,
        socket_timeout=_TIMEOUT_SECONDS,
        socket_connect_timeout=_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )


async def follow(redis: Redis, pattern: str, heard: Callable[[str, str], None]) -> None:
    """Hand each message of a channel pattern to `heard` until cancelled, over lost connections too."""
    down = False
    while True:
        try:
            async with redis.pubsub() as pubsub:
                await pubsub.psubscribe(pattern)
                down = False
                while True:
                    # A time-out is silence; the connection is tested by the next subscription.
                    message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=5.0)
                    if message is not None:
                        heard(message["channel"], message["data"])
        except TROUBLE as error:
            if not down:
                log.warning("valkey.lost", **describe(error))
            down = True
            await asyncio.sleep(_RECONNECT_SECONDS)
