"""The places in which files are read: a number of them, and a share for each account and network."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from services.common.errors import DomainError, Unavailable
from services.files.errors import UploadLimit
from services.files.metrics import READING_FILES

_RETRY_SECONDS = 5
#: While others wait, a sender may be this far behind the pace that is expected then. Shorter, and a moment's
#: pause costs an honest sender its place; longer, and everybody waits for senders that send nothing.
_BEHIND_SECONDS = 2.0
#: How long a newcomer waits until the sender that makes way has gone, with what was stored of its file.
_WAY_SECONDS = 5.0


class Sender(Protocol):
    """Somebody whose bytes are waited for."""

    def seconds_behind(self) -> float:
        """Return how far it is behind the pace that is expected while others wait."""
        ...

    def make_way(self) -> None:
        """End the upload soon."""
        ...


@dataclass(frozen=True, slots=True)
class Shares:
    """How many files are read at once: of all, of one account, and from one network."""

    of_all: int
    of_account: int
    of_network: int


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    account: str
    network: str
    sender: Sender | None


class Places:
    """Gives out places. When none is free, a sender that keeps its place waiting makes way for a newcomer."""

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self._taken: set[_Place] = set()
        self._left = asyncio.Event()

    @asynccontextmanager
    async def reserve(
        self, account: str, *, network: str = "", sender: Sender | None = None
    ) -> AsyncIterator[None]:
        """Reserve a place for the block; raise UploadLimit, or Unavailable when all are taken.

        Without a network address, only the account counts.
        """
        place = _Place(account, network, sender)
        if self._in_the_way(place):
            await self._make_room(place)
        self._taken.add(place)
        try:
            with READING_FILES.track_inprogress():
                yield
        finally:
            self._taken.discard(place)
            self._left.set()
            self._left = asyncio.Event()

    def _in_the_way(self, place: _Place) -> list[_Place]:
        """Return the places of the share that is used up, if one is."""
        own = [taken for taken in self._taken if taken.account == place.account]
        if len(own) >= self._shares.of_account:
            return own
        near = [taken for taken in self._taken if place.network and taken.network == place.network]
        if len(near) >= self._shares.of_network:
            return near
        return list(self._taken) if len(self._taken) >= self._shares.of_all else []

    async def _make_room(self, place: _Place) -> None:
        taken = self._in_the_way(place)
        refusal: DomainError = UploadLimit(retry_after_seconds=_RETRY_SECONDS)
        if len(taken) >= self._shares.of_all:
            refusal = Unavailable(
                "Too many uploads are in progress; try again in a few seconds",
                retry_after_seconds=_RETRY_SECONDS,
            )
        senders = [each.sender for each in taken if each.sender is not None]
        slowest = max(senders, key=lambda sender: sender.seconds_behind(), default=None)
        if slowest is None or slowest.seconds_behind() < _BEHIND_SECONDS:
            raise refusal
        slowest.make_way()
        try:
            async with asyncio.timeout(_WAY_SECONDS):
                while self._in_the_way(place):
                    await self._left.wait()
        except TimeoutError:
            raise refusal from None
