"""States of sessions and access tokens by raw psycopg: one SELECT for all that asked during the last one."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

import psycopg

from services.auth.sessions.sessions import SessionState
from services.auth.tokens.access_tokens import TokenState
from services.common.database import plain_url
from services.common.errors import Unavailable
from services.common.logs import describe, log

Asked = TypeVar("Asked")
State = TypeVar("State")

_SESSIONS = """
SELECT s.id, s.account, a.state, s.last_used_time, s.expire_time, s.end_time
FROM session AS s JOIN account AS a ON a.id = s.account
WHERE s.id = ANY(%(asked)s)
"""
_TOKENS = """
SELECT t.digest, t.id, t.account, a.state, t.scopes, t.last_used_time, t.expire_time
FROM access_token AS t JOIN account AS a ON a.id = t.account
WHERE t.digest = ANY(%(asked)s)
"""
# A passport names a session or an access token. A token is never idle: it has only its end.
_EITHER = """
SELECT s.id, s.account, a.state, s.last_used_time, s.expire_time, s.end_time
FROM session AS s JOIN account AS a ON a.id = s.account
WHERE s.id = ANY(%(asked)s)
UNION ALL
SELECT t.id, t.account, a.state, now(), t.expire_time, NULL
FROM access_token AS t JOIN account AS a ON a.id = t.account
WHERE t.id = ANY(%(asked)s)
"""
#: Each request waits for its own, shorter time; this ends a query that the server left hanging.
_SECONDS = 3.0


class Reader(Generic[Asked, State]):
    """Reads states as they are at the moment of asking; nothing is remembered between two reads."""

    def __init__(self, url: str, query: str, state: Callable[..., State]) -> None:
        """`query` takes what is asked for as an array; its rows are that and the arguments of `state`."""
        self._url = plain_url(url)
        self._query = query.encode()
        self._state = state
        self._connection: psycopg.AsyncConnection | None = None
        self._waiting: dict[Asked, asyncio.Future[State | None]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def find(self, asked: Asked) -> State | None:
        """Return the state by a SELECT that starts after this call; raise Unavailable."""
        answer = self._waiting.get(asked)
        if answer is None:
            answer = asyncio.get_running_loop().create_future()
            self._waiting[asked] = answer
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        # Others may wait for the same answer; one who leaves does not take it away.
        return await asyncio.shield(answer)

    async def close(self) -> None:
        """Give up what is asked and close the connection."""
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
                    # Looked at, so that a failure which nobody waits for is not reported as forgotten.
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
            # A connection that was good a moment ago may have ended with the server; a new one tells.
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
    """Return a reader of what passports name: a session, or an access token as if it were one."""
    return Reader(url, _EITHER, SessionState)


def _token(
    id_: str,
    account: str,
    state: str,
    scopes: list[str],
    last_used_time: datetime | None,
    expire_time: datetime,
) -> TokenState:
    return TokenState(id_, account, state, tuple(scopes), last_used_time, expire_time)
