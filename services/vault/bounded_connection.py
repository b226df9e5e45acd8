"""One raw connection to Postgres on which every exchange ends in time, even when the server hangs.

When a task that waits for psycopg is cancelled, psycopg first asks the server to cancel the statement, and a
frozen server never answers. So a late exchange is ended by shutting the socket down.
"""

import asyncio
import socket
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import psycopg

from services.common.database import plain_url

T = TypeVar("T")

# The server frees the locks of a client that vanished after about 11 seconds (5 + 3 * 2). Shorter, and a
# brief network fault would end a healthy connection; longer, and a replacement would wait for the locks.
_OPTIONS = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
FAILURES = (psycopg.Error, OSError, TimeoutError)


class BoundedConnection:
    """A connection in autocommit mode. It is closed once an exchange has failed."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self.raw = connection

    @classmethod
    async def open(cls, url: str, *, seconds: float) -> "BoundedConnection":
        """Connect; raises one of FAILURES."""
        async with asyncio.timeout(seconds):
            return cls(
                await psycopg.AsyncConnection.connect(
                    plain_url(url), autocommit=True, prepare_threshold=0, options=_OPTIONS
                )
            )

    async def exchange(self, work: Coroutine[Any, Any, T], *, seconds: float) -> T:
        """Return the result of work on this connection; raise one of FAILURES, TimeoutError if late."""
        task = asyncio.ensure_future(work)
        try:
            done, _ = await asyncio.wait({task}, timeout=seconds)
            if not done:
                raise TimeoutError
            return task.result()
        except BaseException:
            self.cut()
            await asyncio.gather(task, return_exceptions=True)
            raise

    def cut(self) -> None:
        """End the connection at once; anything that waits on it fails."""
        if self.raw.closed:
            return
        with socket.socket(fileno=socket.dup(self.raw.fileno())) as same, suppress(OSError):
            same.shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        """Close the connection."""
        self.cut()
        await self.raw.close()
