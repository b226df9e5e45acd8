"""Requests whose bytes are no message of their method: refused as any other bad request.

A message whose text is not UTF-8 does not parse. Inside gRPC that would end the call with an error of its
own, before any code of ours has run, so the deserializer returns a mark instead, and the guard refuses it.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

from google.protobuf.message import DecodeError

from services.common.errors import InvalidRequest

_UNREADABLE = object()


def marking(deserialize: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Return a deserializer that returns a mark for what `deserialize` cannot read."""

    def read(data: bytes) -> Any:
        try:
            return deserialize(data)
        except DecodeError:
            return _UNREADABLE

    return read


def check(request: Any) -> None:
    """Raise InvalidRequest for the mark."""
    if request is _UNREADABLE:
        raise InvalidRequest("The request contains text that is not UTF-8, or cannot be read at all")


async def each(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """Yield the messages of a stream; raise InvalidRequest at the mark."""
    async for request in requests:
        check(request)
        yield request
