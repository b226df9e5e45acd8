"""How an upload's sender is held to a pace: too slow for too long, or in crumbs, and the upload ends."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass

from services.files.errors import UploadInCrumbs, UploadTooSlow

#: A sender may pause this long in all, besides the time that its bytes may take. Shorter, and a lost packet
#: ends an upload on a bad line; longer, and senders that send nothing keep their places longer.
_GRACE_SECONDS = 10.0
#: While others wait for a place, this many times the least pace is expected.
_CROWDED = 8
#: Each piece costs the event loop about a tenth of a millisecond, however small it is. Small files may come
#: in any pieces; those of large ones must have this many bytes on average.
_FREE_PIECES = 4096
_LEAST_PIECE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Pace:
    """The least average speed of a sender, not counting the time in which this service keeps it waiting."""

    bytes_per_second: int


class Sender:
    """The sender of one upload: how much has arrived, and how long it was waited for."""

    def __init__(self, pace: Pace, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._least = pace.bytes_per_second
        self._clock = clock
        self._received = 0
        self._pieces = 0
        self._waited = 0.0
        self._since: float | None = None
        self._waiting: asyncio.Timeout | None = None
        self._makes_way = False

    async def pieces(self, source: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """Yield what arrives; raise UploadTooSlow or UploadInCrumbs."""
        arriving = aiter(source)
        while (piece := await self._next(arriving)) is not None:
            yield piece

    def seconds_behind(self) -> float:
        """Return how long this sender was waited for beyond the pace that is expected while others wait."""
        now = 0.0 if self._since is None else self._clock() - self._since
        return self._waited + now - self._received / (_CROWDED * self._least)

    def make_way(self) -> None:
        """End the upload when it is next waited for, or at once if it is waited for now."""
        self._makes_way = True
        if self._waiting is not None:
            self._waiting.reschedule(asyncio.get_running_loop().time())

    async def _next(self, arriving: AsyncIterator[bytes]) -> bytes | None:
        if self._makes_way:
            raise UploadTooSlow
        patience = _GRACE_SECONDS + self._received / self._least - self._waited
        self._since = self._clock()
        try:
            async with asyncio.timeout(patience) as self._waiting:
                piece = await anext(arriving, None)
        except TimeoutError:
            raise UploadTooSlow from None
        finally:
            self._waited += self._clock() - self._since
            self._since = self._waiting = None
        if piece is not None:
            self._received += len(piece)
            self._pieces += 1
            if self._pieces > _FREE_PIECES + self._received // _LEAST_PIECE_BYTES:
                raise UploadInCrumbs
        return piece
