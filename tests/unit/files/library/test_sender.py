"""The pace of a sender: what is too slow, what is not, and whose time counts."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from services.files.errors import UploadInCrumbs, UploadTooSlow
from services.files.library.sender import Pace, Sender
from tests.support.patience import PATIENCE_SECONDS

#: A pace that everybody keeps on any machine, and one that nobody does.
EASY, HARD = Pace(1), Pace(10**9)


@pytest.fixture
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.files.library.sender._GRACE_SECONDS", 0.05)


async def pieces(*sizes: int, pause: float = 0.0, then: float = 0.0) -> AsyncIterator[bytes]:
    for size in sizes:
        yield bytes(size)
        await asyncio.sleep(pause)
    await asyncio.sleep(then)


async def received(sender: Sender, source: AsyncIterator[bytes]) -> int:
    return sum([len(piece) async for piece in sender.pieces(source)])


async def test_what_is_sent_arrives() -> None:
    assert await received(Sender(EASY), pieces(5, 0, 7)) == 12


@pytest.mark.promise("S53")
@pytest.mark.parametrize("sent", [(), (5,), (0, 0, 0)])
async def test_a_sender_that_stops_is_given_up(no_grace: None, sent: tuple[int, ...]) -> None:
    with pytest.raises(UploadTooSlow):
        await received(Sender(HARD), pieces(*sent, then=PATIENCE_SECONDS))


@pytest.mark.promise("S53")
async def test_a_sender_that_trickles_is_given_up(no_grace: None) -> None:
    with pytest.raises(UploadTooSlow):
        await received(Sender(HARD), pieces(*[1] * 10_000, pause=0.01))


async def test_bytes_earn_time(no_grace: None) -> None:
    """Much longer than the grace, but at the pace that is asked for."""
    assert await received(Sender(Pace(100)), pieces(*[1000] * 5, pause=0.05)) == 5000


async def test_the_time_in_which_the_sender_is_kept_waiting_is_not_its_own(no_grace: None) -> None:
    sender = Sender(HARD)
    count = 0
    async for _ in sender.pieces(pieces(*[1] * 5)):
        count += 1
        time.sleep(0.03)
    assert count == 5
    assert sender.seconds_behind() < 0.05


@pytest.mark.promise("S53")
async def test_a_large_upload_in_crumbs_is_refused() -> None:
    with pytest.raises(UploadInCrumbs):
        await received(Sender(EASY), pieces(*[1] * 6000))
    with pytest.raises(UploadInCrumbs):
        await received(Sender(EASY), pieces(*[0] * 6000))


async def test_a_small_upload_may_come_byte_by_byte_and_a_large_one_line_by_line() -> None:
    assert await received(Sender(EASY), pieces(*[1] * 4000)) == 4000
    assert await received(Sender(EASY), pieces(*[70] * 20_000)) == 1_400_000


async def test_who_makes_way_goes_at_once_however_long_it_would_be_waited_for() -> None:
    sender = Sender(EASY)
    waiting = asyncio.ensure_future(received(sender, pieces(5, then=PATIENCE_SECONDS)))
    await asyncio.sleep(0.01)
    sender.make_way()
    with pytest.raises(UploadTooSlow):
        await waiting


async def test_who_makes_way_while_it_is_not_waited_for_goes_when_it_is() -> None:
    sender = Sender(EASY)
    arriving = sender.pieces(pieces(5, 5))
    assert len(await anext(arriving)) == 5
    sender.make_way()
    with pytest.raises(UploadTooSlow):
        await anext(arriving)


async def test_a_sender_is_behind_by_what_it_was_waited_for_beyond_the_pace_of_a_crowd() -> None:
    now = 0.0

    async def source() -> AsyncIterator[bytes]:
        nonlocal now
        now += 10
        yield bytes(8 * 100)
        now += 5
        yield b""

    sender = Sender(Pace(100), clock=lambda: now)
    arriving = sender.pieces(source())
    await anext(arriving)
    assert sender.seconds_behind() == pytest.approx(9)
    await anext(arriving)
    assert sender.seconds_behind() == pytest.approx(14)
