"""The threads of bcrypt: a queue with an end, and places that are given back."""

import asyncio
import threading

import pytest

from services.auth.passwords.threads import BoundedThreads
from services.common.errors import Unavailable
from tests.support.patience import PATIENCE_SECONDS


async def test_who_would_wait_too_long_is_told_at_once_when_to_come_back() -> None:
    threads = BoundedThreads(1, waiting=1)
    go = threading.Event()

    def work() -> bytes:
        go.wait(PATIENCE_SECONDS)
        return b"done"

    running = [asyncio.create_task(threads.run(work)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable) as refused:
        await threads.run(work)
    assert refused.value.retry_after_seconds
    go.set()
    assert await asyncio.gather(*running) == [b"done", b"done"]
    assert await threads.run(lambda: b"again") == b"again"
    await threads.close()


async def test_one_who_leaves_keeps_the_place_until_the_thread_is_free() -> None:
    threads = BoundedThreads(1, waiting=0)
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
    threads = BoundedThreads(1, waiting=1)
    go = threading.Event()
    first = asyncio.create_task(threads.run(lambda: bytes(go.wait(PATIENCE_SECONDS))))
    second = asyncio.create_task(threads.run(lambda: b""))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0.01)
    third = asyncio.create_task(threads.run(lambda: b"third"))
    await asyncio.sleep(0)
    go.set()
    assert await third == b"third"
    await first
    await threads.close()
