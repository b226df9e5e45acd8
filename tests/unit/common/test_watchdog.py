"""The watchdog of the event loop: it tells that something held the loop up, and what, by name alone."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from services.common.watchdog import TOLD_SECONDS, Watchdog, names
from tests.support.patience import eventually

pytestmark = pytest.mark.promise("S53")
SECRET = "sk-of-a-person"


@asynccontextmanager
async def watched() -> AsyncIterator[list[Any]]:
    watching = asyncio.create_task(Watchdog(0.01).run())
    with capture_logs() as told:
        await asyncio.sleep(0.05)
        told.clear()
        yield told
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)


def work_hard(given: str, cpu_seconds: float) -> None:
    began = time.thread_time()
    while time.thread_time() - began < cpu_seconds:
        pass


def wait_idly(given: str, seconds: float) -> None:
    time.sleep(seconds)


def above(of: str, seconds: float) -> float:
    """Return how many beats were later than that; the number must be one of the buckets."""
    name = "smelt_loop_lag_seconds"
    beats = REGISTRY.get_sample_value(f"{name}_count", {"of": of}) or 0
    return beats - (REGISTRY.get_sample_value(f"{name}_bucket", {"of": of, "le": str(seconds)}) or 0)


async def test_what_held_the_loop_up_is_told_by_name_without_values() -> None:
    before = above("loop", 0.25)
    async with watched() as told:
        work_hard(SECRET, 0.5)
        await eventually(lambda: any("work_hard" in str(line) for line in told), told)
    (line,) = [each for each in told if "work_hard" in str(each["ran"])]
    assert line["event"] == "loop.lag"
    assert line["log_level"] == "warning"
    assert line["seconds"] > TOLD_SECONDS
    assert line["loop_cpu_seconds"] > 0.25
    assert SECRET not in repr(told)
    assert above("loop", 0.25) > before


async def test_a_delay_that_cost_no_processor_time_is_told_apart() -> None:
    before = above("wall", 0.25), above("loop", 0.25)
    async with watched() as told:
        wait_idly(SECRET, 0.5)
        await eventually(lambda: any("wait_idly" in str(line) for line in told), told)
    assert above("wall", 0.25) > before[0]
    assert above("loop", 0.25) == before[1]


async def test_a_loop_that_stays_slow_does_not_fill_the_log() -> None:
    began = time.monotonic()
    async with watched() as told:
        for _ in range(10):
            work_hard(SECRET, 0.15)
            await asyncio.sleep(0)
            await asyncio.sleep(0.02)
    # However long it took altogether: once a second.
    assert 1 <= len(told) <= 2 + (time.monotonic() - began)


async def test_of_a_stack_our_own_functions_are_named_and_the_innermost() -> None:
    def inner() -> tuple[str, ...]:
        import sys

        return names(sys._getframe())

    found = inner()
    assert found[0].endswith("inner")
    assert found[0].startswith("common/test_watchdog.py:")
    assert len(found) <= 10
    assert names(None) == ()
