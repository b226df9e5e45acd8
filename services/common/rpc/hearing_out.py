"""Requests that are refused while they are still being sent: read on for a while, so that the answer is read.

Simple clients send a whole body before they look for an answer. When the answer comes earlier and the
connection then closes, they report a broken pipe and never see it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from services.common.errors import DomainError, Kind
from services.common.networks import network_of

#: What the gateway says to auth about routes whose service is to refuse those without a session.
REFUSED_LATER = "refused-later"
#: The most that is read after a refusal: a file of the default limit, and one a little larger than that. With
#: less, the answer to a file that is a bit too large is lost; more is traffic for nothing.
MOST_BYTES = 64 * 1024 * 1024
#: A sender below this pace is answered at once: it looks for answers meanwhile, or it never ends.
_GRACE_SECONDS = 2.0
_LEAST_BYTES_PER_SECOND = 64 * 1024
_MOST_SECONDS = 60.0
#: Refused requests that are read on at once, of everybody and from one network. Those above are answered at
#: once, as all were before; more would let senders without a session keep this process busy.
_AT_ONCE = 32
_AT_ONCE_FROM_A_NETWORK = 4

_END = object()


class Heard:
    """The messages of a request stream. A wait for one can be given up without losing it."""

    def __init__(self, messages: AsyncIterator[Any]) -> None:
        self._messages = aiter(messages)
        self._next: asyncio.Task[Any] | None = None
        self._ended = False

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        if self._ended:
            raise StopAsyncIteration
        if self._next is None:
            self._next = asyncio.ensure_future(self._read())
        # gRPC cannot read on after a read that was cancelled.
        message = await asyncio.shield(self._next)
        self._next = None
        if message is _END:
            self._ended = True
            raise StopAsyncIteration
        return message

    async def _read(self) -> Any:
        try:
            return await anext(self._messages, _END)
        except BaseException:
            self._ended = True
            raise

    async def close(self) -> None:
        """Stop reading."""
        if self._next is not None:
            self._next.cancel()
            await asyncio.gather(self._next, return_exceptions=True)


class HearingOut:
    """Reads refused requests on, a bounded number of them at once."""

    def __init__(self) -> None:
        self._now: Counter[str] = Counter()

    async def rest(self, messages: Heard, error: Exception, *, client_address: str) -> None:
        """Read the rest of a request that ends with this error; return early when that takes too much."""
        network = network_of(client_address)
        if isinstance(error, DomainError) and error.kind is Kind.TOO_SLOW:
            return
        if self._now[network] >= _AT_ONCE_FROM_A_NETWORK or self._now.total() >= _AT_ONCE:
            return
        self._now[network] += 1
        try:
            await self._read(messages)
        finally:
            self._now[network] -= 1
            if not self._now[network]:
                del self._now[network]

    async def _read(self, messages: Heard) -> None:
        clock = asyncio.get_running_loop().time
        started, received = clock(), 0
        while received <= MOST_BYTES:
            patience = _GRACE_SECONDS + received / _LEAST_BYTES_PER_SECOND
            left = started + min(patience, _MOST_SECONDS) - clock()
            try:
                async with asyncio.timeout(left):
                    message = await anext(messages, None)
            # What the stream itself fails with matters no more: the request is refused already.
            except (TimeoutError, DomainError):
                return
            if message is None:
                return
            received += message.ByteSize()
