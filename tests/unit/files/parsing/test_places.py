"""Places for reading files: shares of them, and who makes way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from services.common.errors import Unavailable
from services.files.errors import UploadLimit
from services.files.parsing.places import Places, Shares

SHARES = Shares(4, of_account=2, of_network=3)


class Slow:
    """A sender that is behind, and leaves when it is asked to."""

    def __init__(self, behind: float) -> None:
        self.behind = behind
        self.asked = asyncio.Event()

    def seconds_behind(self) -> float:
        return self.behind

    def make_way(self) -> None:
        self.asked.set()


@asynccontextmanager
async def taken(places: Places, *holders: tuple[str, str]) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        for account, network in holders:
            await stack.enter_async_context(places.reserve(account, network=network))
        yield


async def enters(places: Places, account: str, network: str = "") -> bool:
    async with places.reserve(account, network=network):
        return True


async def test_when_all_places_are_taken_a_file_is_refused_for_now() -> None:
    places = Places(SHARES)
    async with taken(places, ("a", "1"), ("a", "1"), ("b", "2"), ("b", "2")):
        with pytest.raises(Unavailable) as refused:
            await enters(places, "c", "3")
        assert refused.value.retry_after_seconds
    assert await enters(places, "c", "3")


async def test_one_account_has_its_share_however_many_addresses_it_has() -> None:
    places = Places(SHARES)
    async with taken(places, ("a", "1"), ("a", "2")):
        with pytest.raises(UploadLimit) as refused:
            await enters(places, "a", "3")
        assert refused.value.retry_after_seconds
        assert await enters(places, "b", "1")
    assert await enters(places, "a", "3")


async def test_one_address_has_its_share_however_many_accounts_it_has() -> None:
    places = Places(SHARES)
    async with taken(places, ("a", "1"), ("b", "1"), ("c", "1")):
        with pytest.raises(UploadLimit):
            await enters(places, "d", "1")
        assert await enters(places, "d", "2")
        # Without an address, nobody is a neighbour.
        assert await enters(places, "d")


async def hold(places: Places, account: str, sender: Slow, *, network: str = "") -> None:
    async with places.reserve(account, network=network, sender=sender):
        await sender.asked.wait()


async def test_the_slowest_makes_way_for_a_newcomer_and_nobody_else_does() -> None:
    places = Places(SHARES)
    senders = [Slow(3), Slow(9), Slow(0), Slow(5)]
    holding = [
        asyncio.ensure_future(hold(places, account, sender))
        for account, sender in zip("abcd", senders, strict=True)
    ]
    await asyncio.sleep(0)
    assert await enters(places, "e")
    assert [sender.asked.is_set() for sender in senders] == [False, True, False, False]
    for task in holding:
        task.cancel()
    await asyncio.gather(*holding, return_exceptions=True)


async def test_only_those_of_the_same_share_make_way_for_it() -> None:
    places = Places(SHARES)
    own, other = Slow(3), Slow(99)
    holding = [
        asyncio.ensure_future(hold(places, "a", own)),
        asyncio.ensure_future(hold(places, "a", Slow(1))),
        asyncio.ensure_future(hold(places, "b", other)),
    ]
    await asyncio.sleep(0)
    assert await enters(places, "a")
    assert own.asked.is_set()
    assert not other.asked.is_set()
    for task in holding:
        task.cancel()
    await asyncio.gather(*holding, return_exceptions=True)


async def test_who_keeps_pace_keeps_the_place() -> None:
    places = Places(Shares(1, of_account=1, of_network=1))
    sender = Slow(1.9)
    holding = asyncio.ensure_future(hold(places, "a", sender))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await enters(places, "b")
    assert not sender.asked.is_set()
    holding.cancel()
    await asyncio.gather(holding, return_exceptions=True)


async def test_who_does_not_go_when_asked_is_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.files.parsing.places._WAY_SECONDS", 0.05)
    places = Places(Shares(1, of_account=1, of_network=1))
    async with places.reserve("a", sender=Slow(99)):
        with pytest.raises(Unavailable):
            await enters(places, "b")
