"""Watches an event loop: how long it keeps callbacks waiting, and what it ran when that was too long.

A heartbeat on the loop notes how late each beat is. A thread beside it looks at the loop's stack when a beat
is overdue, because afterwards nobody can tell what ran. It notes names of functions and never their
arguments.
"""

import asyncio
import sys
import threading
import time
from types import FrameType
from typing import NoReturn

from services.common.logs import log
from services.common.metrics import LOOP_LAG_SECONDS

#: A line is logged when the loop was busy for longer. Five times what one callback may take; a lower number
#: would report each busy moment of the machine.
TOLD_SECONDS = 0.1
#: From this delay on, the thread notes what the loop runs; well below TOLD_SECONDS, so that it is still
#: there.
_LOOK_SECONDS = 0.02
#: A line is logged at most this often: a loop that is slow for long says the same again and again.
_QUIET_SECONDS = 1.0
#: The innermost frames say what was called, those of our own code by which method.
_INNERMOST_FRAMES = 2
_MOST_FRAMES = 10
_OURS = "/services/"

_LATE, _BY_PROCESS, _BY_LOOP = (LOOP_LAG_SECONDS.labels(of=of) for of in ("wall", "process", "loop"))


class Watchdog:
    """Watches the loop that `run` runs on."""

    def __init__(self, every_seconds: float) -> None:
        """`every_seconds` is the time between two beats: shorter sees shorter delays and costs more."""
        self._every_seconds = every_seconds
        self._due = float("inf")
        self._thread = 0
        self._ended = threading.Event()
        self._ran: tuple[str, ...] = ()
        self._told = float("-inf")

    async def run(self) -> NoReturn:
        """Watch until cancelled."""
        self._thread = threading.get_ident()
        self._ended.clear()
        watcher = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        watcher.start()
        try:
            while True:
                await self._beat()
        finally:
            self._due = float("inf")
            self._ended.set()

    async def _beat(self) -> None:
        processor, own = time.process_time(), time.thread_time()
        due = self._due = time.monotonic() + self._every_seconds
        await asyncio.sleep(self._every_seconds)
        now = time.monotonic()
        late = max(0.0, now - due)
        # No more than these can have passed while the beat was due: a busy machine makes a beat late, too.
        by_process = min(late, time.process_time() - processor)
        by_loop = min(late, time.thread_time() - own)
        _LATE.observe(late)
        _BY_PROCESS.observe(by_process)
        _BY_LOOP.observe(by_loop)
        ran, self._ran = self._ran, ()
        if late > TOLD_SECONDS and now - self._told > _QUIET_SECONDS:
            self._told = now
            log.warning(
                "loop.lag",
                seconds=round(late, 3),
                process_cpu_seconds=round(by_process, 3),
                loop_cpu_seconds=round(by_loop, 3),
                ran=ran,
            )

    def _watch(self) -> None:
        while not self._ended.wait(self._every_seconds):
            if time.monotonic() - self._due < _LOOK_SECONDS or self._ran:
                continue
            # The loop's thread may have ended; nothing is there to be seen then.
            frame = sys._current_frames().get(self._thread)
            self._ran = names(frame)


def names(frame: FrameType | None) -> tuple[str, ...]:
    """Return where a stack stands, innermost first: file, line and function of each frame, without values."""
    found: list[str] = []
    depth = 0
    while frame is not None and len(found) < _MOST_FRAMES:
        path = frame.f_code.co_filename
        if depth < _INNERMOST_FRAMES or _OURS in path:
            found.append(f"{'/'.join(path.rsplit('/', 2)[-2:])}:{frame.f_lineno}:{frame.f_code.co_qualname}")
        frame = frame.f_back
        depth += 1
    return tuple(found)
