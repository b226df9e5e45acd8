"""How long a test waits for what must happen: long enough that a hang is caught, not a busy machine."""

import asyncio
import time
from collections.abc import Callable

#: Below the time that pytest gives a whole test, and far beyond what anything here takes on a machine that
#: is ten times overloaded. How fast something is, `tests/bench` measures.
PATIENCE_SECONDS = 120.0


def until(true: Callable[[], object], what: object = "") -> None:
    """Return once it is true; `what` is said if that never happens."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


async def eventually(true: Callable[[], object], what: object = "") -> None:
    """Return once it is true, which is asked in a thread; `what` is said if that never happens."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not await asyncio.to_thread(true):
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.02)
