"""Postgres: engines for the stores, raw pools for the hot paths, transactions that end in time.

Of the connections of a pool, an account has at most a share at once, so that one account's calls, however
many they are, leave some to everybody else.
"""

import asyncio
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Self, TypeVar

import psycopg
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import AsyncAdaptedQueuePool, exc, text
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import await_only

from services.common import identity
from services.common.errors import Unavailable
from services.common.logs import describe, log
from services.common.turns import Turns

#: The server ends a statement that takes longer. Larger values let a stuck statement hold its locks; smaller
#: ones end statements that a busy server would finish.
STATEMENT_TIMEOUT_MS = 10_000
#: How long a new connection, or a wait for a free one, may take. Longer, and requests pile up behind a
#: database that is down; shorter, and a busy server looks as if it were down.
_CONNECT_SECONDS = 5
#: A transaction that takes longer is given up, even if the server is silent and ends no statement. If it
#: exceeds the callers' deadlines, they get no answer; if it is too short, a busy server finishes less.
_TRANSACTION_SECONDS = 5.0
#: How long a starting service waits for its databases. Too short, and it restarts while they start; too long,
#: and a wrong address is reported late.
_PATIENCE_SECONDS = 60.0
_AGAIN_SECONDS = 0.25

#: The connections of one pool that an account may hold at once. With fewer, its own requests wait for each
#: other; with as many as a pool has, everybody waits for it.
ACCOUNT_SHARE = 2

Engine = AsyncEngine
EngineConnection = AsyncConnection
Transactions = async_sessionmaker[AsyncSession]
Connection = psycopg.AsyncConnection[TupleRow]
#: All errors of the database libraries, for code that continues in any case.
FAILURES = (psycopg.Error, exc.SQLAlchemyError)
_Answer = TypeVar("_Answer")


class _Connection(psycopg.AsyncConnection[TupleRow]):
    """A connection that is closed at once when it cannot be made, or is no longer wanted before it is made.

    The library leaves that to the garbage collector. Until then the server waits for the password, and no
    database can be dropped.
    """

    @classmethod
    async def connect(cls, *arguments: Any, **options: Any) -> Self:
        try:
            return await super().connect(*arguments, **options)
        except BaseException as error:
            failed: BaseException | None = error
            while failed is not None:
                # What was opened is held by local variables alone.
                traceback.clear_frames(failed.__traceback__)
                failed = failed.__context__
            raise


class Pool(AsyncConnectionPool[Connection]):
    """Raw connections, in turns."""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, **options)
        self._turns = Turns(ACCOUNT_SHARE)

    @asynccontextmanager
    async def connection(self, timeout: float | None = None) -> AsyncIterator[Connection]:  # noqa: ASYNC109
        """Wait for the account's turn and for a free connection; commit at the end of the block."""
        async with self._turns.of(identity.account()), super().connection(timeout) as connection:
            yield connection


_has_turn: ContextVar[bool] = ContextVar("has_turn", default=False)


class _EnginePool(AsyncAdaptedQueuePool):
    """The connections of an engine, in turns."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._turns = Turns(ACCOUNT_SHARE)
        self._lines: dict[int, asyncio.Semaphore] = {}

    def _do_get(self) -> ConnectionPoolEntry:
        account = identity.account()
        # The pool calls this again from within when another was faster.
        if not account or _has_turn.get():
            return super()._do_get()
        line = self._turns.line(account)
        await_only(line.acquire())
        mark = _has_turn.set(True)
        try:
            taken = super()._do_get()
        except BaseException:
            line.release()
            raise
        finally:
            _has_turn.reset(mark)
        self._lines[id(taken)] = line
        return taken

    def _do_return_conn(self, record: ConnectionPoolEntry) -> None:
        line = self._lines.pop(id(record), None)
        try:
            super()._do_return_conn(record)
        finally:
            if line is not None:
                line.release()


def _options() -> str:
    return f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c idle_in_transaction_session_timeout=30000"


def engine(url: str, pool_size: int = 5) -> Engine:
    """Return an engine for a `postgresql+psycopg://` URL; broken connections are replaced before use."""
    return create_async_engine(
        url,
        poolclass=_EnginePool,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=_CONNECT_SECONDS,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "options": _options(),
            "async_creator_fn": _Connection.connect,
        },
        # Otherwise the values of failed statements would appear in logs.
        hide_parameters=True,
    )


def sessions(of: Engine) -> Transactions:
    """Return a factory of sessions whose objects stay readable after the commit."""
    return async_sessionmaker(of, expire_on_commit=False)


def plain_url(url: str) -> str:
    """Return the URL in the form that libpq understands."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def raw_pool(url: str, low: int = 1, high: int = 5) -> Pool:
    """Return a closed pool of raw connections; `await pool.open()` before use."""
    return Pool(
        plain_url(url),
        connection_class=_Connection,
        min_size=low,
        max_size=high,
        open=False,
        timeout=_CONNECT_SECONDS,
        reconnect_timeout=2.0,
        check=AsyncConnectionPool.check_connection,
        kwargs={"connect_timeout": _CONNECT_SECONDS, "options": _options()},
    )


async def time_of(of: Engine) -> datetime:
    """Return the database's time; raise when it does not answer."""
    with database_errors():
        async with asyncio.timeout(_CONNECT_SECONDS), of.connect() as connection:
            now: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return now


def is_outage(error: BaseException) -> bool:
    """Whether an error means that the database is unreachable, rather than that a statement was wrong."""
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


@contextmanager
def database_errors() -> Iterator[None]:
    """Raise Unavailable for an outage of the database in the block, so that callers try again later."""
    try:
        yield
    except Exception as error:
        if not (isinstance(error, TimeoutError) or is_outage(error)):
            raise
        log.warning("database.unavailable", **describe(error))
        raise Unavailable from None


@asynccontextmanager
async def transaction(of: Transactions) -> AsyncIterator[AsyncSession]:
    """Open a session in a transaction, committed at the end of the block; raise Unavailable in an outage."""
    with database_errors():
        async with asyncio.timeout(_TRANSACTION_SECONDS), of.begin() as session:
            yield session


@asynccontextmanager
async def connection(of: Engine) -> AsyncIterator[AsyncConnection]:
    """Open a connection in a transaction, committed at the end; raise Unavailable in an outage."""
    with database_errors():
        async with asyncio.timeout(_TRANSACTION_SECONDS), of.begin() as opened:
            yield opened


async def when_there(ask: Callable[[], Awaitable[_Answer]]) -> _Answer:
    """Call `ask` until the database answers; raise Unavailable after a minute."""
    patience = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return await ask()
        except Unavailable:
            if time.monotonic() > patience:
                raise
        await asyncio.sleep(_AGAIN_SECONDS)
