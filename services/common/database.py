"""Postgres: engines for the stores, raw pools for the hot paths, both with ceilings."""

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import exc, text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

#: A statement that takes longer is ended by the server (milliseconds).
STATEMENT_TIMEOUT_MS = 10_000
_CONNECT_SECONDS = 5


def _options() -> str:
    return f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c idle_in_transaction_session_timeout=30000"


def engine(url: str, pool_size: int = 5) -> AsyncEngine:
    """Return an engine for a `postgresql+psycopg://` URL; broken connections are replaced before use."""
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=_CONNECT_SECONDS,
        pool_pre_ping=True,
        connect_args={"connect_timeout": _CONNECT_SECONDS, "options": _options()},
        # Values of failed statements would end up in logs.
        hide_parameters=True,
    )


def sessions(of: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Return the maker of sessions whose objects stay readable after commit."""
    return async_sessionmaker(of, expire_on_commit=False)


def plain_url(url: str) -> str:
    """Return the URL as libpq knows it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def raw_pool(url: str, low: int = 1, high: int = 5) -> AsyncConnectionPool[psycopg.AsyncConnection[TupleRow]]:
    """Return a closed pool of raw connections; `await pool.open()` before use."""
    return AsyncConnectionPool(
        plain_url(url),
        min_size=low,
        max_size=high,
        open=False,
        timeout=_CONNECT_SECONDS,
        reconnect_timeout=2.0,
        check=AsyncConnectionPool.check_connection,
        kwargs={"connect_timeout": _CONNECT_SECONDS, "options": _options()},
    )


async def ping(of: AsyncEngine) -> None:
    """Raise when the database does not answer."""
    async with of.connect() as connection:
        await connection.execute(text("SELECT 1"))


def is_outage(error: BaseException) -> bool:
    """Whether an error says that the database is away, rather than that a statement was wrong."""
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return True
    return isinstance(
        error,
        exc.OperationalError
        | exc.InterfaceError
        | exc.TimeoutError
        | psycopg.OperationalError
        | psycopg.InterfaceError,
    )
