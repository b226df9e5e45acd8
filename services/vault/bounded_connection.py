"""One raw connection to Postgres whose every exchange ends in time, also when the server hangs.

Cancelling a task that waits for psycopg first asks the server to cancel, which a frozen server never does. So
a late exchange is ended by shutting the socket.
"""

import asyncio
import socket
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import psycopg

from services.common.database import plain_url

T = TypeVar("T")

# A peer that vanished without a word holds its locks no longer than this.
_OPTIONS = "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
FAILURES = (psycopg.Error, OSError, TimeoutError)


class BoundedConnection:
    """A connection in autocommit mode; once an exchange has failed, it is closed."""

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
        """Return what the work on this connection gives; raises one of FAILURES, TimeoutError when late."""
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
        """End the connection at once; whatever waits on it fails."""
        if self.raw.closed:
            return
        with socket.socket(fileno=socket.dup(self.raw.fileno())) as same, suppress(OSError):
            same.shutdown(socket.SHUT_RDWR)

    async def close(self) -> None:
        """Close the connection."""
        self.cut()
        await self.raw.close()
