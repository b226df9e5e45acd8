"""Session states by raw psycopg: one primary-key SELECT for all that asked while the last one ran."""

import asyncio

import psycopg

from services.auth.sessions import SessionState
from services.common.database import plain_url
from services.common.errors import Unavailable
from services.common.logs import describe, log

_QUERY = """
SELECT s.id, s.account, a.state, s.last_used_time, s.expire_time, s.end_time
FROM session AS s JOIN account AS a ON a.id = s.account
WHERE s.id = ANY(%s)
"""
#: Each request waits for its own, shorter time; this ends a query that the server left hanging.
_SECONDS = 3.0

_States = dict[str, SessionState]


class SessionReader:
    """Reads states as they are at the moment of asking; nothing is remembered between two reads."""

    def __init__(self, url: str) -> None:
        self._url = plain_url(url)
        self._connection: psycopg.AsyncConnection | None = None
        self._waiting: dict[str, asyncio.Future[SessionState | None]] = {}
        self._reading: asyncio.Task[None] | None = None

    async def find(self, session: str) -> SessionState | None:
        """Return the state by a SELECT that starts after this call; raise Unavailable."""
        answer = self._waiting.get(session)
        if answer is None:
            answer = asyncio.get_running_loop().create_future()
            self._waiting[session] = answer
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
                for session, answer in asked.items():
                    answer.set_result(states.get(session))

    async def _select(self, sessions: list[str]) -> _States:
        fresh = self._connection is None
        try:
            return await self._select_once(sessions)
        except psycopg.OperationalError:
            # A connection that was good a moment ago may have ended with the server; a new one tells.
            if fresh:
                raise
            return await self._select_once(sessions)

    async def _select_once(self, sessions: list[str]) -> _States:
        try:
            async with asyncio.timeout(_SECONDS):
                connection = await self._connected()
                rows = await (await connection.execute(_QUERY, (sessions,), prepare=True)).fetchall()
        except BaseException:
            await self._drop()
            raise
        return {row[0]: SessionState(*row[1:]) for row in rows}

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
