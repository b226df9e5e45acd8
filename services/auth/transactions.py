"""Transactions of auth's database, and what it means when there are none to be had."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import exc
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from services.common.errors import Unavailable
from services.common.logs import describe, log

Transactions = async_sessionmaker[AsyncSession]


@asynccontextmanager
async def transaction(of: Transactions) -> AsyncIterator[AsyncSession]:
    """Open a transaction; a database that cannot be reached is UNAVAILABLE, not our inner trouble."""
    try:
        async with of.begin() as session:
            yield session
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
        log.warning("database.unavailable", **describe(error))
        raise Unavailable from None
