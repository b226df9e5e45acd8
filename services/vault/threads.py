"""A blocking call in a thread that is always run to its end."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def run_to_end(work: Callable[..., T], *arguments: Any) -> T:
    """Return what the call gives, after it has ended even if this is cancelled.

    A thread cannot be stopped. A caller that holds a lock on a file must hold it for as long as the thread
    may write to the file.
    """
    running = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait({running})
        raise
