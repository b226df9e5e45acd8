"""A database that does not answer is UNAVAILABLE, not inner trouble: trying again later is right."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker

from services.common.errors import Unavailable
from services.common.logs import describe, log

_OUTAGES = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError, TimeoutError)
_SECONDS = 5.0
_AGAIN_SECONDS = 0.25
#: A start waits so long for databases that are starting too.
_PATIENCE_SECONDS = 60.0

_Answer = TypeVar("_Answer")


@asynccontextmanager
async def transaction(of: async_sessionmaker[AsyncSession]) -> AsyncIterator[AsyncSession]:
    """Open a session in a transaction; raise Unavailable when the database does not answer."""
    try:
        async with asyncio.timeout(_SECONDS), of.begin() as session:
            yield session
    except _OUTAGES as error:
        log.warning("database.unavailable", **describe(error))
        raise Unavailable from None


@asynccontextmanager
async def connection(of: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a connection in a transaction; raise Unavailable when the database does not answer."""
    try:
        async with asyncio.timeout(_SECONDS), of.begin() as opened:
            yield opened
    except _OUTAGES as error:
        log.warning("database.unavailable", **describe(error))
        raise Unavailable from None


async def when_there(ask: Callable[[], Awaitable[_Answer]]) -> _Answer:
    """Ask again until the database answers; after a minute raise Unavailable."""
    patience = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return await ask()
        except Unavailable:
            if time.monotonic() > patience:
                raise
        await asyncio.sleep(_AGAIN_SECONDS)
