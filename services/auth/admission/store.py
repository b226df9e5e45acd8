"""States of sessions and access tokens, by raw psycopg: lookups that arrive during a query share the next."""

import asyncio
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import psycopg

from services.auth.sessions.sessions import SessionState
from services.auth.tokens.access_tokens import TokenState
from services.common.database import plain_url
from services.common.errors import Unavailable
from services.common.logs import describe, log

Asked = TypeVar("Asked")
State = TypeVar("State")

_SESSIONS = """
SELECT s.id, s.account, a.state, s.last_used_time, s.expire_time, s.end_time,
       clock_timestamp(), a.password_generation
FROM session AS s JOIN account AS a ON a.id = s.account
WHERE s.id = ANY(%(asked)s)
"""
_TOKENS = """
SELECT t.digest, t.id, t.account, a.state, t.scopes, t.last_used_time, t.expire_time,
       clock_timestamp(), a.password_generation
FROM access_token AS t JOIN account AS a ON a.id = t.account
WHERE t.digest = ANY(%(asked)s)
"""
# A passport names a session or an access token. Access tokens expire, but have no idle limit.
_EITHER = """
SELECT s.id, s.account, a.state, s.last_used_time, s.expire_time, s.end_time,
       clock_timestamp(), a.password_generation
FROM session AS s JOIN account AS a ON a.id = s.account
WHERE s.id = ANY(%(asked)s)
UNION ALL
SELECT t.id, t.account, a.state, clock_timestamp(), t.expire_time, NULL,
       clock_timestamp(), a.password_generation
FROM access_token AS t JOIN account AS a ON a.id = t.account
WHERE t.id = ANY(%(asked)s)
"""
#: Ends a query that the server left hanging; requests have shorter deadlines of their own.
_SECONDS = 3.0


class Reader(Generic[Asked, State]):
    """Reads current states; nothing is cached between two reads."""

    def __init__(self, url: str, query: str, state: Callable[..., State]) -> None:
        """`query` takes an array of keys; each of its rows is a key followed by the arguments of `state`."""
        self._url = plain_url(url)
        self._query = query.encode()
        self._state = state
        self._connection: psycopg.AsyncConnection | None = None
        self._waiting: dict[Asked, asyncio.Future[State | None]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def find(self, asked: Asked) -> State | None:
        """Return the state, read by a SELECT that starts after this call; raise Unavailable."""
        answer = self._waiting.get(asked)
        if answer is None:
            answer = asyncio.get_running_loop().create_future()
            self._waiting[asked] = answer
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        # A request that is cancelled must not cancel the answer that others may wait for.
        return await asyncio.shield(answer)

    async def close(self) -> None:
        """Cancel pending lookups and close the connection."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self._drop()

    async def _read(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, {}
            try:
                states = await self._select(list(asked))
            except (psycopg.Error, OSError, TimeoutError) as error:
                log.warning("database.unavailable", **describe(error))
                for answer in asked.values():
                    answer.set_exception(Unavailable())
                    # Retrieved, so that asyncio does not report a failure that no request waits for.
                    answer.exception()
            except BaseException:
                for answer in asked.values():
                    answer.cancel()
                raise
            else:
                for one, answer in asked.items():
                    answer.set_result(states.get(one))

    async def _select(self, asked: list[Asked]) -> dict[Asked, State]:
        fresh = self._connection is None
        try:
            return await self._select_once(asked)
        except psycopg.OperationalError:
            # The server may have closed an idle connection; only a new one shows whether the database is up.
            if fresh:
                raise
            return await self._select_once(asked)

    async def _select_once(self, asked: list[Asked]) -> dict[Asked, State]:
        try:
            async with asyncio.timeout(_SECONDS):
                connection = await self._connected()
                rows = await (
                    await connection.execute(self._query, {"asked": asked}, prepare=True)
                ).fetchall()
        except BaseException:
            await self._drop()
            raise
        return {row[0]: self._state(*row[1:]) for row in rows}

    async def _connected(self) -> psycopg.AsyncConnection:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(
                self._url,
                autocommit=True,
                connect_timeout=2,
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=2,
                tcp_user_timeout=5000,
                options="-c statement_timeout=2000",
            )
        return self._connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


def session_states(url: str) -> Reader[str, SessionState]:
    """Return a reader of sessions by id."""
    return Reader(url, _SESSIONS, SessionState)


def token_states(url: str) -> Reader[bytes, TokenState]:
    """Return a reader of access tokens by digest."""
    return Reader(url, _TOKENS, _token)


def session_or_token_states(url: str) -> Reader[str, SessionState]:
    """Return a reader of sessions and of access tokens, by id, as passports name them."""
    return Reader(url, _EITHER, SessionState)


def _token(
    id_: str,
    account: str,
    state: str,
    scopes: list[str],
    *more: Any,
) -> TokenState:
    return TokenState(id_, account, state, tuple(scopes), *more)
