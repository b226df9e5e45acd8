"""Messages to webhooks when workers die, and when several workers look for due messages."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.integration.processor import webhook_calls as hooks
from tests.integration.processor.stand_ins import StandIns
from tests.integration.processor.suite import Person, Suite, gateway_channel
from tests.integration.processor.webhook_calls import Delivery
from tests.support.webhook_receiver import Received, Receiver


@pytest.fixture
def apart(suite_apart: Suite, receiver: Receiver) -> Iterator[Suite]:
    """A processor whose only workers are those that the test starts."""
    suite_apart.serve()
    yield suite_apart
    receiver.meanwhile = lambda _: None


async def test_a_message_whose_sender_died_comes_again_and_others_come_once(
    apart: Suite, stand_ins: StandIns, receiver: Receiver
) -> None:
    async with gateway_channel(apart.certificates, apart.address) as channel:
        person = Person(channel, stand_ins.passport("crash"))
        name, secret = await hooks.hook(person, receiver.url("/crash"))
        doomed = apart.worker()

        def kill(_: Received) -> None:
            doomed.kill()

        receiver.meanwhile = kill
        lost = await hooks.test(person, name)
        await asyncio.to_thread(receiver.wait, "/crash", 1)
        receiver.meanwhile = lambda _: None
        # No other worker takes it while its claim lasts.
        apart.worker()
        apart.worker()
        other, _ = await hooks.hook(person, receiver.url("/once"))
        sent = [(await hooks.test(person, other)).name for _ in range(20)]
        ended = [await hooks.tried(person, each) for each in sent]
        assert {(each.state, each.attempts) for each in ended} == {(Delivery.DELIVERED, 1)}
        assert sorted(each.id for each in receiver.at("/once")) == sorted(
            "msg_" + each.removeprefix("webhookDeliveries/") for each in sent
        )
        assert (await hooks.delivery(person, lost.name)).state == Delivery.PENDING
        hooks.make_due(apart, lost.name)
        first, second = await asyncio.to_thread(receiver.wait, "/crash", 2)
        assert first.id == second.id
        assert first.body == second.body
        assert second.verified(secret)
        seen = await hooks.tried(person, lost.name, 2)
        assert (seen.state, seen.attempts) == (Delivery.DELIVERED, 2)
