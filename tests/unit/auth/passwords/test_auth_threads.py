"""The threads of bcrypt: a bounded wait, measured by what the work takes, and places that are given back."""

import asyncio
import threading

import pytest

from services.auth.passwords.threads import BoundedThreads
from services.common.errors import Unavailable
from tests.support.own_time import in_own_time, own_loop
from tests.support.patience import PATIENCE_SECONDS


async def test_a_request_that_would_wait_too_long_is_refused_at_once_and_told_when_to_come_back() -> None:
    # Each piece is expected to take a second, and nobody waits for longer than one.
    threads = BoundedThreads(1, longest_wait_seconds=1, usual_seconds=1)
    go = threading.Event()

    def work() -> bytes:
        go.wait(PATIENCE_SECONDS)
        return b"done"

    first = asyncio.create_task(threads.run(work))
    await asyncio.sleep(0)
    threads.check_room()
    second = asyncio.create_task(threads.run(work))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        threads.check_room()
    with pytest.raises(Unavailable) as refused:
        await threads.run(work)
    assert refused.value.retry_after_seconds
    go.set()
    assert await first == b"done"
    await asyncio.gather(second, return_exceptions=True)
    await threads.close()


async def test_how_many_may_wait_follows_from_what_the_work_takes() -> None:
    seconds = [0.0]
    threads = BoundedThreads(2, longest_wait_seconds=3, usual_seconds=0.25, clock=lambda: seconds[0])

    async def room() -> int:
        """Return how many pieces are let in at once; each waits until all are."""
        go = threading.Event()
        running: list[asyncio.Task[bytes]] = []
        try:
            while True:
                threads.check_room()
                running.append(asyncio.create_task(threads.run(lambda: bytes(go.wait(PATIENCE_SECONDS)))))
                await asyncio.sleep(0)
        except Unavailable:
            return len(running)
        finally:
            for task in running:
                task.cancel()
            go.set()
            await asyncio.gather(*running, return_exceptions=True)
            while threads._taken:
                await asyncio.sleep(0.01)

    # Twelve quarters of a second in each of two threads, before the newest begins.
    assert await room() == 2 * 13

    def slow() -> bytes:
        seconds[0] += 3.0
        return b""

    for _ in range(12):
        await threads.run(slow)
        await asyncio.sleep(0)
    # Now each takes three seconds: one may wait in each thread.
    assert await room() == 2 * 2

    def quick() -> bytes:
        seconds[0] += 0.25
        return b""

    for _ in range(25):
        await threads.run(quick)
        await asyncio.sleep(0)
    assert await room() > 2 * 10
    await threads.close()


@in_own_time
async def test_one_that_has_waited_too_long_all_the_same_is_refused_and_its_work_never_begins() -> None:
    threads = BoundedThreads(1, longest_wait_seconds=3, usual_seconds=0.0)
    go, begun = threading.Event(), threading.Event()
    loop = own_loop()
    with loop.asking():
        first = asyncio.create_task(threads.run(lambda: bytes(go.wait(PATIENCE_SECONDS))))
        await asyncio.sleep(0)

    def work() -> bytes:
        begun.set()
        return b""

    second = asyncio.create_task(threads.run(work))
    started = loop.now
    with pytest.raises(Unavailable) as refused:
        await second
    assert refused.value.retry_after_seconds
    assert loop.now - started == pytest.approx(3)
    with loop.asking():
        go.set()
        # What has begun is worth its end, however long it takes.
        assert len(await first) == 1
        assert not begun.is_set()
        await threads.close()


async def test_one_who_leaves_keeps_the_place_until_the_thread_is_free() -> None:
    threads = BoundedThreads(1, longest_wait_seconds=0.5, usual_seconds=1)
    started, go = threading.Event(), threading.Event()

    def work() -> bytes:
        started.set()
        go.wait(PATIENCE_SECONDS)
        return b""

    leaving = asyncio.create_task(threads.run(work))
    await asyncio.to_thread(started.wait, PATIENCE_SECONDS)
    leaving.cancel()
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await threads.run(work)
    go.set()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                await threads.run(lambda: b"")
                break
            except Unavailable:
                await asyncio.sleep(0.01)
    await threads.close()


async def test_one_who_leaves_while_waiting_gives_the_place_back() -> None:
    threads = BoundedThreads(1, longest_wait_seconds=PATIENCE_SECONDS, usual_seconds=PATIENCE_SECONDS)
    go = threading.Event()
    first = asyncio.create_task(threads.run(lambda: bytes(go.wait(PATIENCE_SECONDS))))
    second = asyncio.create_task(threads.run(lambda: b""))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        threads.check_room()
    second.cancel()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                threads.check_room()
                break
            except Unavailable:
                await asyncio.sleep(0.01)
    third = asyncio.create_task(threads.run(lambda: b"third"))
    await asyncio.sleep(0)
    go.set()
    assert await third == b"third"
    await first
    await threads.close()
