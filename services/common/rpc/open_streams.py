"""The open streams of people: each ends when the session behind it does.

A passport is checked once, when a stream opens, and a stream may outlive it by far. A service with open
streams therefore asks auth every two seconds about all their sessions in one call.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Protocol

from services.common import identity
from services.common.errors import DomainError, Unauthenticated, Unavailable
from services.common.logs import log
from services.common.metrics import OPEN_STREAMS

#: Pause between two questions. With the call's deadline it must stay below the five seconds in which a stream
#: must end after its session; a shorter pause only loads auth.
EVERY_SECONDS = 2.0
#: After this long without an answer, all streams end. It must exceed a restart of auth; the longer it is, the
#: longer a stream of an ended session can stay open while auth is down.
PATIENCE_SECONDS = 60.0


class SessionStates(Protocol):
    """Tells which sessions are active."""

    async def active(self, accounts: Mapping[str, str]) -> set[str]:
        """Return the active ones of some sessions, given with their accounts; raise Unavailable."""
        ...


class _Stream:
    """One open stream. It can be ended while it waits for a message; otherwise it ends at its next wait."""

    def __init__(self, account: str) -> None:
        self.account = account
        self._error: DomainError | None = None
        self._waiting: asyncio.Timeout | None = None

    def end(self, error: DomainError) -> None:
        self._error = error
        if self._waiting is not None:
            self._waiting.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def waiting(self) -> AsyncIterator[None]:
        if self._error is not None:
            raise self._error
        try:
            async with asyncio.timeout(None) as self._waiting:
                yield
        except TimeoutError:
            if self._error is not None:
                raise self._error from None
            raise
        finally:
            self._waiting = None


class OpenStreams:
    """Ends the streams of sessions that have ended."""

    def __init__(
        self,
        states: SessionStates,
        *,
        every_seconds: float = EVERY_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._states = states
        self._every_seconds = every_seconds
        self._patience_seconds = patience_seconds
        self._streams: dict[str, set[_Stream]] = {}

    def answers(self, inner: Callable[[Any, Any], AsyncIterator[Any]]) -> Callable[[Any, Any], Any]:
        """Wrap a method with a response stream, so that it ends with its person's session."""

        async def answer(request: Any, context: Any) -> AsyncIterator[Any]:
            messages: Any = aiter(inner(request, context))
            with OPEN_STREAMS.track_inprogress(), self._opened() as stream:
                try:
                    while True:
                        try:
                            async with stream.waiting():
                                message = await anext(messages)
                        except StopAsyncIteration:
                            return
                        yield message
                finally:
                    await messages.aclose()

        return answer

    def requests(self, inner: Callable[[Any, Any], Awaitable[Any]]) -> Callable[[Any, Any], Any]:
        """Wrap a method with a request stream, so that it ends with its person's session."""

        async def answer(requests: Any, context: Any) -> Any:
            with OPEN_STREAMS.track_inprogress(), self._opened() as stream:
                async with stream.waiting():
                    return await inner(requests, context)

        return answer

    @contextmanager
    def _opened(self) -> Iterator[_Stream]:
        person = identity.current_call().passport
        if person is None:
            # Work under a grant continues without its person.
            yield _Stream("")
            return
        stream = _Stream(person.account)
        beside = self._streams.setdefault(person.session, set())
        beside.add(stream)
        try:
            yield stream
        finally:
            beside.discard(stream)
            if not beside and self._streams.get(person.session) is beside:
                del self._streams[person.session]

    async def watch(self) -> None:
        """Ask auth and end streams, until cancelled."""
        clock = asyncio.get_running_loop().time
        answered = clock()
        while True:
            await asyncio.sleep(self._every_seconds)
            accounts = {id_: next(iter(streams)).account for id_, streams in self._streams.items()}
            try:
                active = await self._states.active(accounts) if accounts else set()
            except DomainError:
                if clock() - answered > self._patience_seconds:
                    log.error("streams.nobody_answers", open=len(accounts))
                    self._end(accounts, Unavailable())
                continue
            answered = clock()
            self._end(accounts.keys() - active, Unauthenticated())

    def _end(self, sessions: Any, error: DomainError) -> None:
        for session in sessions:
            for stream in self._streams.get(session, ()):
                stream.end(error)
