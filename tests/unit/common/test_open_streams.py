"""Open streams: they end with their session, also while nothing comes, and not because auth restarts."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from services.common import identity
from services.common.errors import Unauthenticated, Unavailable
from services.common.identity import Call, Passport
from services.common.open_streams import OpenStreams
from tests.support.patience import PATIENCE_SECONDS


class States:
    """Says which sessions stand, or nothing at all."""

    def __init__(self) -> None:
        self.active_now = {"s1", "s2"}
        self.down = False
        self.asked: list[dict[str, str]] = []
        self.answered = asyncio.Event()

    async def active(self, accounts: Mapping[str, str]) -> set[str]:
        self.asked.append(dict(accounts))
        self.answered.set()
        if self.down:
            raise Unavailable
        return self.active_now


@pytest.fixture
async def states() -> States:
    return States()


@pytest.fixture
async def streams(states: States) -> AsyncIterator[OpenStreams]:
    made = OpenStreams(states, every_seconds=0.01, patience_seconds=0.2)
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
async def test_a_stream_that_waits_ends_with_its_session_and_others_go_on(
    states: States, streams: OpenStreams
) -> None:
    one: asyncio.Queue[int] = asyncio.Queue()
    two: asyncio.Queue[int] = asyncio.Queue()
    ends = asyncio.create_task(consumed(streams, "s1", one))
    goes_on = asyncio.create_task(consumed(streams, "s2", two))
    one.put_nowait(1)
    while {"s1": "ada", "s2": "ada"} not in states.asked:
        await states.answered.wait()
        await asyncio.sleep(0)
        states.answered.clear()
    states.active_now = {"s2"}
    with pytest.raises(Unauthenticated):
        await asyncio.wait_for(ends, PATIENCE_SECONDS)
    two.put_nowait(2)
    two.put_nowait(-1)
    assert await asyncio.wait_for(goes_on, PATIENCE_SECONDS) == [2]
    states.asked.clear()
    await asyncio.sleep(0.05)
    assert states.asked == []  # nobody is there to be asked for


@pytest.mark.promise("S25")
async def test_an_upload_ends_with_its_session(states: States, streams: OpenStreams) -> None:
    states.active_now = set()

    async def inner(requests: Any, context: Any) -> str:
        await asyncio.Event().wait()
        return "never"

    enter("s1")
    with pytest.raises(Unauthenticated):
        await asyncio.wait_for(streams.requests(inner)(None, None), PATIENCE_SECONDS)


async def test_work_under_a_grant_goes_on_without_its_person(states: States, streams: OpenStreams) -> None:
    states.active_now = set()
    messages: asyncio.Queue[int] = asyncio.Queue()
    running = asyncio.create_task(consumed(streams, None, messages))
    await asyncio.sleep(0.05)
    messages.put_nowait(-1)
    assert await asyncio.wait_for(running, PATIENCE_SECONDS) == []
    assert states.asked == []


async def test_while_auth_is_silent_streams_go_on_for_a_while_and_then_end(
    states: States, streams: OpenStreams
) -> None:
    states.down = True
    messages: asyncio.Queue[int] = asyncio.Queue()
    running = asyncio.create_task(consumed(streams, "s1", messages))
    await asyncio.wait_for(states.answered.wait(), PATIENCE_SECONDS)
    assert not running.done()
    with pytest.raises(Unavailable):
        await asyncio.wait_for(running, PATIENCE_SECONDS)


async def test_a_failure_of_the_stream_itself_stays_what_it_is(streams: OpenStreams) -> None:
    async def inner(request: Any, context: Any) -> AsyncIterator[int]:
        yield 1
        raise TimeoutError("its own")

    enter("s1")
    with pytest.raises(TimeoutError, match="its own"):
        async for _ in streams.answers(inner)(None, None):
            pass
