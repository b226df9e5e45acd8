"""Between the loop and threads: back-pressure both ways, and neither side waits for one that is gone."""

import asyncio
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.files.errors import FileInvalidFormat
from services.files.objects.sealed import in_pairs
from services.files.threads import Abandoned, drawn, fed
from tests.support.patience import PATIENCE_SECONDS


@pytest.fixture(scope="module")
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


async def numbers(count: int, sent: list[int] | None = None) -> AsyncIterator[bytes]:
    for number in range(count):
        if sent is not None:
            sent.append(number)
        yield b"%d" % number


def joined(pieces: Iterator[bytes]) -> bytes:
    return b" ".join(piece for piece in pieces if piece)


async def test_what_is_fed_arrives_in_order(executor: ThreadPoolExecutor) -> None:
    assert await fed(executor, numbers(100), joined) == b" ".join(b"%d" % n for n in range(100))


async def test_a_slow_thread_holds_the_sender_back(executor: ThreadPoolExecutor) -> None:
    sent: list[int] = []
    go = threading.Event()

    def work(pieces: Iterator[bytes]) -> int:
        go.wait(PATIENCE_SECONDS)
        return len(list(filter(None, pieces)))

    running = asyncio.ensure_future(fed(executor, numbers(100, sent), work))
    await asyncio.sleep(0.05)
    assert len(sent) <= 6
    go.set()
    assert await running == 100


async def test_a_thread_that_fails_ends_the_sending(executor: ThreadPoolExecutor) -> None:
    sent: list[int] = []

    def work(pieces: Iterator[bytes]) -> None:
        next(pieces)
        raise FileInvalidFormat

    with pytest.raises(FileInvalidFormat):
        await fed(executor, numbers(10_000, sent), work)
    assert len(sent) < 100


async def test_a_sender_that_fails_or_leaves_is_met_in_the_thread(executor: ThreadPoolExecutor) -> None:
    met: list[BaseException] = []
    begun = threading.Event()

    def work(pieces: Iterator[bytes]) -> None:
        try:
            next(pieces)
            begun.set()
            list(pieces)
        except BaseException as error:
            met.append(error)
            raise

    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise FileInvalidFormat

    async def endless() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(60)

    with pytest.raises(FileInvalidFormat):
        await fed(executor, broken(), work)
    begun.clear()
    leaving = asyncio.ensure_future(fed(executor, endless(), work))
    assert await asyncio.to_thread(begun.wait, PATIENCE_SECONDS)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    # The thread had ended before the cancellation was passed on.
    assert [type(error) for error in met] == [FileInvalidFormat, Abandoned]


def counting(ended: list[str], until: int) -> Generator[int, None, None]:
    try:
        yield from range(until)
        ended.append("whole")
    finally:
        ended.append("closed")


async def test_what_is_drawn_comes_in_order_and_is_closed(executor: ThreadPoolExecutor) -> None:
    ended: list[str] = []
    assert [item async for item in drawn(executor, counting(ended, 50))] == list(range(50))
    assert ended == ["whole", "closed"]


async def test_one_who_stops_drawing_closes_the_source(executor: ThreadPoolExecutor) -> None:
    ended: list[str] = []
    source = drawn(executor, counting(ended, 10**9))
    assert await anext(source) == 0
    await source.aclose()  # type: ignore[attr-defined]
    assert ended == ["closed"]


async def test_a_source_that_fails_hands_out_what_was_before(executor: ThreadPoolExecutor) -> None:
    def failing() -> Generator[int, None, None]:
        yield 1
        raise FileInvalidFormat

    got: list[int] = []
    with pytest.raises(FileInvalidFormat):
        async for item in drawn(executor, failing()):
            got.append(item)
    assert got == [1]


def test_pieces_come_in_pairs_and_what_is_before_a_failure_comes_first() -> None:
    def pieces(count: int, *, fail: bool) -> Generator[bytes, None, None]:
        for number in range(count):
            yield b"%d" % number
        if fail:
            raise FileInvalidFormat

    assert list(in_pairs(pieces(5, fail=False))) == [b"01", b"23", b"4"]
    assert list(in_pairs(pieces(0, fail=False))) == []
    for count, before in ((4, [b"01", b"23"]), (3, [b"01", b"2"])):
        found: list[bytes] = []
        with pytest.raises(FileInvalidFormat):
            found.extend(in_pairs(pieces(count, fail=True)))
        assert found == before
