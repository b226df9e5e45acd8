"""Open streams end with their session, even while idle, and do not end because auth restarts."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.common import identity
from services.common.errors import Unauthenticated, Unavailable
from services.common.identity import Call, Passport
from services.common.rpc.open_streams import (
    EVERY_SECONDS,
    PATIENCE_SECONDS,
    OpenStreams,
)
from tests.support.own_time import in_own_time, own_loop


class States:
    """Tells which sessions are active, or does not answer."""

    def __init__(self) -> None:
        self.active_now = {"s1", "s2"}
        self.down = False
        self.asked: list[dict[str, str]] = []

    async def active(self, accounts: Mapping[str, str]) -> set[str]:
        self.asked.append(dict(accounts))
        if self.down:
            raise Unavailable
        return self.active_now


@asynccontextmanager
async def watched(states: States) -> AsyncIterator[OpenStreams]:
    made = OpenStreams(states)
    watching = asyncio.create_task(made.watch())
    yield made
    watching.cancel()


def enter(session: str | None) -> None:
    person = Passport("ada", session, ("read",), "token") if session else None
    identity.enter(Call(method="/m", caller="gateway", passport=person))


async def consumed(streams: OpenStreams, session: str | None, messages: "asyncio.Queue[int]") -> list[int]:
    """Everything that a stream gives until it ends or fails."""
    seen: list[int] = []

    async def inner(request: Any, context: Any) -> AsyncIterator[int]:
        while (message := await messages.get()) >= 0:
            yield message

    enter(session)
    async for message in streams.answers(inner)(None, None):
        seen.append(message)
    return seen


@pytest.mark.promise("S25")
@in_own_time
async def test_a_stream_that_waits_ends_with_its_session_and_others_go_on() -> None:
    states, now = States(), own_loop().time
    one: asyncio.Queue[int] = asyncio.Queue()
    two: asyncio.Queue[int] = asyncio.Queue()
    async with watched(states) as streams:
        ends = asyncio.create_task(consumed(streams, "s1", one))
        goes_on = asyncio.create_task(consumed(streams, "s2", two))
        one.put_nowait(1)
        await asyncio.sleep(10.1 * EVERY_SECONDS)
        assert {"s1": "ada", "s2": "ada"} in states.asked
        assert not ends.done()
        states.active_now = {"s2"}
        ended = now()
        with pytest.raises(Unauthenticated):
            await ends
        assert now() - ended < 5
        two.put_nowait(2)
        two.put_nowait(-1)
        assert await goes_on == [2]
        states.asked.clear()
        await asyncio.sleep(10 * EVERY_SECONDS)
        assert states.asked == []  # nobody is there to be asked for


@pytest.mark.promise("S25")
@in_own_time
async def test_an_upload_ends_with_its_session() -> None:
    states, began = States(), own_loop().time()
    states.active_now = set()

    async def inner(requests: Any, context: Any) -> str:
        await asyncio.Event().wait()
        return "never"

    enter("s1")
    async with watched(states) as streams:
        with pytest.raises(Unauthenticated):
            await streams.requests(inner)(None, None)
    assert own_loop().time() - began < 5


@in_own_time
async def test_work_under_a_grant_goes_on_without_its_person() -> None:
    states = States()
    states.active_now = set()
    messages: asyncio.Queue[int] = asyncio.Queue()
    async with watched(states) as streams:
        running = asyncio.create_task(consumed(streams, None, messages))
        await asyncio.sleep(10 * EVERY_SECONDS)
        messages.put_nowait(-1)
        assert await running == []
    assert states.asked == []


@in_own_time
async def test_while_auth_is_silent_streams_go_on_for_a_while_and_then_end() -> None:
    states, began = States(), own_loop().time()
    states.down = True
    async with watched(states) as streams:
        with pytest.raises(Unavailable):
            await consumed(streams, "s1", asyncio.Queue())
    assert PATIENCE_SECONDS < own_loop().time() - began < PATIENCE_SECONDS + 3 * EVERY_SECONDS


@in_own_time
async def test_a_failure_of_the_stream_itself_stays_what_it_is() -> None:
    async def inner(request: Any, context: Any) -> AsyncIterator[int]:
        yield 1
        raise TimeoutError("its own")

    enter("s1")
    async with watched(States()) as streams:
        with pytest.raises(TimeoutError, match="its own"):
            async for _ in streams.answers(inner)(None, None):
                pass
