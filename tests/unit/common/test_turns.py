"""Turns: an account's own work waits for itself, and nobody else's does."""

import asyncio

import pytest

from services.common.turns import Turns

pytestmark = pytest.mark.promise("S43")


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_account_has_a_few_in_hand_and_others_do_not_wait() -> None:
    turns, end = Turns(2), asyncio.Event()
    in_hand: list[str] = []

    async def work(account: str) -> None:
        async with turns.of(account):
            in_hand.append(account)
            await end.wait()

    tasks = [
        asyncio.create_task(work(account)) for account in ("eve", "eve", "eve", "eve", "ada", "", "", "")
    ]
    await settled()
    assert sorted(in_hand) == ["", "", "", "ada", "eve", "eve"]
    end.set()
    await asyncio.gather(*tasks)
    assert in_hand.count("eve") == 4
    assert not turns._lines


async def test_who_leaves_while_waiting_takes_no_turn() -> None:
    turns, end = Turns(1), asyncio.Event()
    begun: list[int] = []

    async def work(number: int) -> None:
        async with turns.of("eve"):
            begun.append(number)
            await end.wait()

    tasks = [asyncio.create_task(work(number)) for number in range(3)]
    await settled()
    tasks[1].cancel()
    await settled()
    end.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert begun == [0, 2]
