"""Work beside the event loop: in turns, within its time, and only while somebody waits for it."""

import asyncio
import threading
import time

import pytest

from services.common.aside import CallerLeft, TooCostly, alone, aside, go_on

pytestmark = pytest.mark.promise("S59")


def _spin() -> None:
    while True:
        sum(range(1000))
        go_on()


async def test_the_result_comes_back_and_so_does_an_error() -> None:
    assert await aside(lambda: 7, account="ada") == 7
    with pytest.raises(ZeroDivisionError):
        await aside(lambda: 1 // 0, account="ada")


async def test_work_ends_when_its_processor_time_is_used_up() -> None:
    with pytest.raises(TooCostly):
        await aside(_spin, account="ada", cpu_seconds=0.05)


async def test_work_ends_when_its_caller_has_left() -> None:
    begun, ended = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        try:
            _spin()
        except CallerLeft:
            ended.set()

    task = asyncio.ensure_future(aside(work, account="ada", cpu_seconds=60))
    while not begun.is_set():
        await asyncio.sleep(0.001)
    task.cancel()
    assert await asyncio.to_thread(ended.wait, 10)


async def test_work_whose_caller_left_before_its_turn_is_never_begun() -> None:
    begun: list[float] = []

    def work() -> None:
        begun.append(time.monotonic())
        time.sleep(0.05)

    tasks = [asyncio.ensure_future(aside(work, account="ada")) for _ in range(5)]
    await asyncio.sleep(0.01)
    for task in tasks[1:]:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert len(begun) == 1


async def test_an_account_has_one_piece_of_work_in_hand_and_keeps_no_other_waiting() -> None:
    at_work: list[str] = []
    most: dict[str, int] = {}

    def work(account: str) -> None:
        at_work.append(account)
        most[account] = max(most.get(account, 0), at_work.count(account))
        time.sleep(0.02)
        at_work.remove(account)

    many = [asyncio.ensure_future(aside(lambda: work("mallory"), account="mallory")) for _ in range(20)]
    await asyncio.sleep(0.01)
    await aside(lambda: work("ada"), account="ada")
    assert sum(task.done() for task in many) < 10
    await asyncio.gather(*many)
    assert most == {"mallory": 1, "ada": 1}


def test_outside_of_such_work_nothing_is_asked() -> None:
    go_on()


async def test_of_many_pieces_on_the_loop_one_is_done_before_it_has_its_turn() -> None:
    done = 0

    async def piece() -> None:
        nonlocal done
        async with alone():
            done += 1

    async def look() -> int:
        most, before = 0, done
        while done < 20:
            await asyncio.sleep(0)
            most, before = max(most, done - before), done
        return most

    looking = asyncio.ensure_future(look())
    await asyncio.gather(*(piece() for _ in range(20)))
    assert await looking <= 2


async def test_a_failed_piece_on_the_loop_keeps_no_other_waiting() -> None:
    with pytest.raises(ZeroDivisionError):
        async with alone():
            raise ZeroDivisionError
    async with asyncio.timeout(5), alone():
        pass
