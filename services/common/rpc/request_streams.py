"""Streams of requests that this process sends, and what making one raised."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import grpc

Message = TypeVar("Message")


@asynccontextmanager
async def sent(messages: AsyncIterator[Message]) -> AsyncIterator[AsyncIterator[Message]]:
    """Yield the messages of a call that is made inside the block; raise what making them raises.

    gRPC would only cancel the call, and its caller would look as if it had been cancelled itself.
    """
    failed: Exception | None = None

    async def passed_on() -> AsyncIterator[Message]:
        nonlocal failed
        try:
            async for message in messages:
                yield message
        except Exception as error:
            failed = error
            raise

    try:
        yield passed_on()
    except (asyncio.CancelledError, grpc.aio.AioRpcError):
        task = asyncio.current_task()
        if failed is None or (task is not None and task.cancelling()):
            raise
        raise failed from None
