"""Loops beside a process's work: none fails unseen."""

import asyncio

import pytest

from services.common.beside import beside


async def forever(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("cancelled")


async def fails() -> None:
    raise ZeroDivisionError


async def comes_to_an_end() -> None:
    await asyncio.sleep(0)


async def test_a_loop_that_fails_ends_the_work_and_is_told_afterwards() -> None:
    stop, ended = asyncio.Event(), list[str]()
    with pytest.raises(ZeroDivisionError):
        async with beside([forever(ended), fails()], stop):
            await stop.wait()
    assert ended == ["cancelled"]


async def test_loops_end_with_the_work() -> None:
    stop, ended = asyncio.Event(), list[str]()
    async with beside([forever(ended), comes_to_an_end()], stop):
        await asyncio.sleep(0)
    assert (ended, stop.is_set()) == (["cancelled"], False)


async def test_the_error_of_the_work_itself_comes_first() -> None:
    with pytest.raises(KeyError):
        async with beside([fails()], asyncio.Event()):
            await asyncio.sleep(0)
            raise KeyError
