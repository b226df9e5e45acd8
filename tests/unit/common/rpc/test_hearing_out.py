"""Refused requests are read on, so that simple clients see the answer, but only so far."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from google.protobuf.wrappers_pb2 import BytesValue

from services.common.errors import DomainError, Kind, Unauthenticated
from services.common.rpc.hearing_out import MOST_BYTES, Heard, HearingOut
from tests.support.own_time import in_own_time, own_loop

MIB = BytesValue(value=bytes(1024 * 1024))


class TooSlow(DomainError):
    kind = Kind.TOO_SLOW


class Sender:
    """Sends a message at an interval of seconds, up to a number of them."""

    def __init__(self, *, every: float, most: int = 10**6, message: BytesValue = MIB) -> None:
        self.every = every
        self.most = most
        self.message = message
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[BytesValue]:
        while self.sent < self.most:
            await asyncio.sleep(self.every)
            self.sent += 1
            yield self.message


async def heard(sender: Sender, error: Exception | None = None) -> float:
    """Return how long it was listened to."""
    started = own_loop().time()
    await HearingOut().rest(Heard(aiter(sender)), error or Unauthenticated(), client_address="192.0.2.1")
    return own_loop().time() - started


@in_own_time
async def test_what_ends_is_read_to_its_end() -> None:
    sender = Sender(every=0.5, most=40)
    await heard(sender)
    assert sender.sent == 40


@in_own_time
async def test_no_more_is_read_than_a_file_of_the_usual_size() -> None:
    sender = Sender(every=0.001)
    await heard(sender)
    assert sender.sent <= MOST_BYTES / len(MIB.value) + 1


@in_own_time
async def test_who_trickles_pauses_or_never_ends_is_answered_soon() -> None:
    assert await heard(Sender(every=0.2, message=BytesValue(value=b"x"))) < 3
    assert await heard(Sender(every=1000)) < 3
    # Just fast enough to be waited for, and for more than a minute.
    assert await heard(Sender(every=8)) < 61


@in_own_time
async def test_who_was_too_slow_is_not_waited_for() -> None:
    sender = Sender(every=0.01)
    assert await heard(sender, TooSlow()) == 0
    assert sender.sent == 0


@in_own_time
async def test_of_many_refused_ones_only_some_are_read_on() -> None:
    hearing, senders = HearingOut(), [Sender(every=0.1, most=10) for _ in range(50)]
    networks = [f"192.0.2.{n // 10}" for n in range(50)]
    await asyncio.gather(
        *(
            hearing.rest(Heard(aiter(sender)), Unauthenticated(), client_address=network)
            for sender, network in zip(senders, networks, strict=True)
        )
    )
    assert [sum(sender.sent > 0 for sender in senders[at : at + 10]) for at in range(0, 50, 10)] == [4] * 5
    # Those that have ended leave their places.
    late = Sender(every=0.1, most=10)
    await hearing.rest(Heard(aiter(late)), Unauthenticated(), client_address="192.0.2.0")
    assert late.sent == 10


@in_own_time
async def test_a_message_is_not_lost_with_the_one_who_waited_for_it() -> None:
    messages = Heard(aiter(Sender(every=1, most=3)))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await anext(messages)
    assert len([message async for message in messages]) == 3
    with pytest.raises(StopAsyncIteration):
        await anext(messages)
