"""Connections to a database that does not answer: nothing of them stays when nobody wants them."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy import text

from services.common import database
from tests.support.patience import PATIENCE_SECONDS


@pytest.fixture(autouse=True)
def no_collection() -> Iterator[None]:
    """The garbage collector would close them, too, but nobody knows when."""
    gc.disable()
    yield
    gc.enable()


@asynccontextmanager
async def silent_server(came: asyncio.Event, left: asyncio.Event) -> AsyncIterator[str]:
    """Accept connections and say nothing."""

    async def read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        while await reader.read(1024):
            pass
        left.set()
        writer.close()

    async with await asyncio.start_server(read, "127.0.0.1", 0) as server:
        yield f"postgresql+psycopg://ada:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}/ada"


async def connect_with_engine(url: str) -> None:
    engine = database.engine(url)
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))


async def connect_with_pool(url: str) -> None:
    async with database.raw_pool(url) as pool, pool.connection():
        pass


@pytest.mark.parametrize("connect", [connect_with_engine, connect_with_pool])
@pytest.mark.parametrize("ends", ["its caller leaves", "its time is over"])
async def test_a_connection_that_is_not_made_is_closed(
    connect: Callable[[str], Awaitable[None]], ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_CONNECT_SECONDS", 2)
    came, left = asyncio.Event(), asyncio.Event()
    async with silent_server(came, left) as url, asyncio.timeout(PATIENCE_SECONDS):
        connecting = asyncio.ensure_future(connect(url))
        await came.wait()
        if ends == "its caller leaves":
            connecting.cancel()
        with suppress(asyncio.CancelledError, *database.FAILURES, TimeoutError):
            await connecting
        await left.wait()
