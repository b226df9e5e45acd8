"""Webhooks through the whole stack: stored at the gateway, signed by the vault, sent by a worker."""

from collections.abc import Iterator

import pytest

from tests.e2e.api import Person
from tests.support.provider import Provider
from tests.support.stack import Stack
from tests.support.webhook_receiver import Receiver, receiving


@pytest.fixture
def receiver(stack: Stack) -> Iterator[Receiver]:
    with receiving(int(stack.webhooks.rpartition(":")[2])) as listening:
        yield listening


def test_the_end_of_a_job_is_told_signed_with_the_secret_that_was_shown_once(
    person: Person, provider: Provider, receiver: Receiver
) -> None:
    key = person.add_key(provider.base_url)
    made = person.ok("POST", "/v1/webhooks", {"url": receiver.url("/end"), "events": ["job.completed"]})
    try:
        assert "signing_secret" not in person.ok("GET", f"/v1/{made['name']}")
        file = person.file(b"Name\nAda\nGrace\n")
        job = person.job(file, [person.template("Greet {{Name}}")], api_key=key["name"])
        assert person.finished(job)["state"] == "COMPLETED"
        (message,) = receiver.wait("/end", 1)
        assert message.verified(made["signing_secret"])
        assert message.told["type"] == "job.completed"
        assert message.told["data"]["job"] == job["name"]
        assert b"Ada" not in message.body
        (delivery,) = person.ok("GET", f"/v1/{made['name']}/deliveries")["deliveries"]
        assert message.id.removeprefix("msg_") == delivery["name"].removeprefix("webhookDeliveries/")
        person.ok("POST", f"/v1/{delivery['name']}:redeliver")
        again = receiver.wait("/end", 2)[1]
        assert again.id == message.id
        assert again.verified(made["signing_secret"])
    finally:
        person.ok("DELETE", f"/v1/{made['name']}")
