"""Work that grows with what people send, beside the event loop: in turns, bounded, ended with its caller.

A thread does not make Python faster, but the loop gets its turn every few milliseconds. So each piece of the
work between two calls of `go_on` must be short, a single regular expression or JSON document for example.
"""

import asyncio
import contextvars
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from weakref import WeakKeyDictionary

from services.common.errors import DomainError, Kind
from services.common.turns import Turns

T = TypeVar("T")

#: Processor time that one piece of work may take: many times what honest work needs, and short enough that an
#: account whose every request takes as long keeps no more than one thread busy.
CPU_SECONDS = 2.0
#: The loop waits for at most this many threads before it has its turn.
_THREADS = 2


class TooCostly(DomainError):
    """The work took longer than work of its kind ever should."""

    reason = "REQUEST_TOO_COSTLY"
    kind = Kind.INVALID
    message = "The request takes too long to work out; ask for less at once"


class CallerLeft(Exception):
    """Nobody waits for the result now."""


@dataclass(slots=True)
class _Leave:
    """How long work may go on; its clock counts the thread's own processor time."""

    cpu_seconds: float
    left: threading.Event = field(default_factory=threading.Event)
    began: float = 0.0


_leave: contextvars.ContextVar[_Leave | None] = contextvars.ContextVar("leave", default=None)
_pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="aside")
#: Pieces of work of an account in hand at once.
EACH = 1
_turns = Turns(EACH)
_alone: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


@asynccontextmanager
async def alone() -> AsyncIterator[None]:
    """Do a few milliseconds' work on the loop; of many such blocks, one is done before the loop has its turn.

    For work that is too short for a thread and of which a hundred pieces may become due together.
    """
    loop = asyncio.get_running_loop()
    lock = _alone.get(loop)
    if lock is None:
        lock = _alone[loop] = asyncio.Lock()
    async with lock:
        yield
        await asyncio.sleep(0)


def go_on() -> None:
    """Raise CallerLeft or TooCostly when work set aside must end; outside of it, do nothing."""
    leave = _leave.get()
    if leave is None:
        return
    if leave.left.is_set():
        raise CallerLeft
    if time.thread_time() - leave.began > leave.cpu_seconds:
        raise TooCostly


async def aside(work: Callable[[], T], *, account: str, cpu_seconds: float = CPU_SECONDS) -> T:
    """Return what `work` returns; raise TooCostly when it takes longer than `cpu_seconds` of a processor.

    An account has one piece of work in hand at a time, so that its others wait for each other rather than
    keep those of other accounts waiting.
    """
    async with _turns.of(account):
        leave = _Leave(cpu_seconds)
        running = asyncio.get_running_loop().run_in_executor(
            _pool, contextvars.copy_context().run, _run, leave, work
        )
        try:
            return await running
        finally:
            leave.left.set()


def _run(leave: _Leave, work: Callable[[], T]) -> T:
    leave.began = time.thread_time()
    _leave.set(leave)
    go_on()
    return work()
