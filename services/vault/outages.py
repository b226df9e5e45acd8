"""A database that does not answer is UNAVAILABLE, not inner trouble: trying again later is right."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker

from services.common.errors import Unavailable
from services.common.logs import describe, log

_OUTAGES = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError, TimeoutError)
_SECONDS = 5.0


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
