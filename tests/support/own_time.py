"""A loop with a clock of its own: time passes there only while everybody waits for it.

What was measured in seconds on this clock is the same on any machine, however busy, and takes no time.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any


class _Selector(selectors.DefaultSelector):
    loop: "OwnTimeLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= 0 or self.loop.owed:
            return super().select(None if timeout and timeout > 0 else timeout)
        if not (ready := super().select(0)):
            self.loop.now += timeout
        return ready


class OwnTimeLoop(asyncio.SelectorEventLoop):
    """Goes on to the next timer when nothing else is left to do."""

    def __init__(self) -> None:
        selector = _Selector()
        selector.loop = self
        self.now = 1_000_000.0
        #: How many answers from outside are awaited: the clock stands still meanwhile.
        self.owed = 0
        super().__init__(selector)

    def time(self) -> float:
        return self.now

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask something outside, a store for instance, in no time."""
        self.owed += 1
        try:
            yield
        finally:
            self.owed -= 1


def own_loop() -> OwnTimeLoop:
    """Return the loop that runs now, which must be one of these."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, OwnTimeLoop)
    return loop


def in_own_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Have a test run on a loop of this kind; fixtures that are async themselves belong to another."""

    @wraps(test)
    def run(*args: Any, **fixtures: Any) -> None:
        with asyncio.Runner(loop_factory=OwnTimeLoop) as runner:
            runner.run(test(*args, **fixtures))

    return run
