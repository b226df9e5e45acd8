"""What making a request raises reaches the caller, and not as a cancellation."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest

from services.common.errors import DomainError, Kind, RemoteError
from services.common.rpc.errors import peer_errors
from services.common.rpc.request_streams import sent

Stub = grpc.aio.StreamUnaryMultiCallable[bytes, bytes]
GONE = RemoteError("FILE_NOT_FOUND", Kind.NOT_FOUND, "File not found")


async def _messages(error: Exception | None, hold: asyncio.Event | None = None) -> AsyncIterator[bytes]:
    yield b"first"
    if error is not None:
        raise error
    if hold is not None:
        await hold.wait()


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    """A method that answers once the stream has ended."""

    async def take(requests: AsyncIterator[bytes], _: object) -> bytes:
        return b" ".join([request async for request in requests])

    handler = grpc.method_handlers_generic_handler(
        "test", {"Take": grpc.stream_unary_rpc_method_handler(take)}
    )
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield channel.stream_unary("/test/Take")
    await server.stop(None)


@pytest.mark.parametrize("error", [GONE, ValueError("a fault of ours")])
async def test_what_a_message_raises_is_raised(stub: Stub, error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        async with peer_errors(), sent(_messages(error)) as messages:
            await stub(messages)
    assert caught.value is error


async def test_a_stream_that_ends_well_is_answered(stub: Stub) -> None:
    async with peer_errors(), sent(_messages(None)) as messages:
        assert await stub(messages) == b"first"


async def test_a_refusal_of_the_other_side_stays_one() -> None:
    async with grpc.aio.insecure_channel("127.0.0.1:1") as channel:
        with pytest.raises(DomainError) as caught:
            take: Stub = channel.stream_unary("/test/Take")
            async with peer_errors(), sent(_messages(None)) as messages:
                await take(messages)
    assert caught.value.reason == "UNAVAILABLE"


async def test_a_caller_that_is_cancelled_stays_cancelled(stub: Stub) -> None:
    async def call() -> None:
        async with peer_errors(), sent(_messages(None, asyncio.Event())) as messages:
            await stub(messages)

    calling = asyncio.ensure_future(call())
    await asyncio.sleep(0)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
