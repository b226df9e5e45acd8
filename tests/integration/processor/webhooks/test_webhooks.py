"""Webhooks with real processes and real HTTP: signed messages when a job ends or pauses, without row data."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.common.ids import new_id
from services.processor.webhooks.attempts import RETRY_SECONDS
from tests.integration.processor import webhook_calls as hooks
from tests.integration.processor.stand_in_services import World
from tests.integration.processor.stand_ins import StandIns
from tests.integration.processor.suite import Person, Process, State, Suite, gateway_channel, refusal
from tests.integration.processor.webhook_calls import Delivery
from tests.support.provider import Provider
from tests.support.vault.stand_in import VaultStandIn
from tests.support.webhook_receiver import Receiver

CANARY = "Zanzibar-41"


@pytest.fixture
def account() -> str:
    """A new account, so that no other test's webhooks are called."""
    return f"hooked{new_id()}"


@pytest.fixture
async def person(
    suite: Suite, stand_ins: StandIns, account: str, provider: Provider
) -> AsyncIterator[Person]:
    """The calls of a person, with a provider that answers correctly."""
    async with gateway_channel(suite.certificates, suite.address) as channel:
        yield Person(channel, stand_ins.passport(account))


async def run(person: Person, world: World, account: str, rows: int = 3) -> str:
    """Run a job to its end; return its name."""
    file = world.add_file(["Name"], [[f"{CANARY}-{each}"] for each in range(rows)], account=account)
    job = await person.start(file, await person.template("Write to {{Name}}"))
    assert (await person.until(job.name)).state == State.COMPLETED
    name: str = job.name
    return name


async def test_a_finished_job_is_told_once_signed_and_without_any_row(
    person: Person, account: str, world: World, provider: Provider, worker: Process, receiver: Receiver
) -> None:
    name, secret = await hooks.hook(person, receiver.url("/end"))
    _, other = await hooks.hook(person, receiver.url("/paused"), events=["job.paused"])
    provider.script({"action": "status", "status": 400, "contains": f"{CANARY}-1"})
    job = await run(person, world, account)
    (message,) = await asyncio.to_thread(receiver.wait, "/end", 1)
    assert message.verified(secret)
    assert not message.verified(other)
    assert message.headers["content-type"] == "application/json"
    assert message.told["type"] == "job.completed"
    assert message.told["data"] == {
        "job": job,
        "state": "COMPLETED",
        "pause_reason": "",
        "error_reason": "",
        "request_counts": {"total": 3, "succeeded": 2, "failed": 1, "skipped": 0},
    }
    assert CANARY.encode() not in message.body
    (listed,) = (await hooks.deliveries(person, name)).deliveries
    seen = await hooks.tried(person, listed.name)
    assert (seen.state, seen.status_code, seen.attempts, seen.job) == (Delivery.DELIVERED, 204, 1, job)
    assert message.id == "msg_" + listed.name.removeprefix("webhookDeliveries/")
    assert not receiver.at("/paused")


async def test_a_pause_is_told_with_its_reason(
    person: Person, account: str, world: World, provider: Provider, worker: Process, receiver: Receiver
) -> None:
    await hooks.hook(person, receiver.url("/pause"), events=["job.paused", "job.cancelled"])
    provider.script({"action": "status", "status": 401})
    file = world.add_file(["Name"], [["a"], ["b"]], account=account)
    job = await person.start(file, await person.template("Write to {{Name}}"))
    await person.until(job.name, State.PAUSED)
    (message,) = await asyncio.to_thread(receiver.wait, "/pause", 1)
    told = message.told["data"]
    assert (message.told["type"], told["state"]) == ("job.paused", "PAUSED")
    assert told["pause_reason"] == "PROVIDER_AUTH"
    await person.cancel(job.name)
    _, ended = await asyncio.to_thread(receiver.wait, "/pause", 2)
    assert ended.told["type"] == "job.cancelled"


async def test_what_was_not_taken_is_sent_again_under_the_same_id_and_with_the_same_body(
    person: Person, suite: Suite, world: World, account: str, worker: Process, receiver: Receiver
) -> None:
    receiver.answers["/flaky"] = [(500, {}), (503, {"retry-after": "3000"}), (204, {})]
    name, secret = await hooks.hook(person, receiver.url("/flaky"))
    await run(person, world, account)
    await asyncio.to_thread(receiver.wait, "/flaky", 1)
    (sent,) = (await hooks.deliveries(person, name)).deliveries
    seen = await hooks.tried(person, sent.name)
    assert (seen.state, seen.status_code, seen.reason) == (Delivery.PENDING, 500, "HTTP_STATUS")
    # The first wait is seconds long; the second would be minutes.
    pause = seen.next_attempt_time.seconds - seen.last_attempt_time.seconds
    assert 0 < pause < RETRY_SECONDS[1] / 2
    hooks.make_due(suite, sent.name)
    seen = await hooks.tried(person, sent.name, 2, status=503)
    assert seen.next_attempt_time.seconds - seen.last_attempt_time.seconds >= 2999
    hooks.make_due(suite, sent.name)
    seen = await hooks.tried(person, sent.name, 3, status=204)
    assert (seen.state, seen.reason, seen.attempts) == (Delivery.DELIVERED, "", 3)
    first, second, third = receiver.at("/flaky")
    assert first.id == second.id == third.id
    assert first.body == second.body == third.body
    assert all(each.verified(secret) for each in (first, second, third))


async def test_a_test_and_a_redelivery_are_sent_once_each(
    person: Person, world: World, account: str, worker: Process, receiver: Receiver
) -> None:
    receiver.answers["/try"] = [(500, {}), (204, {})]
    name, secret = await hooks.hook(person, receiver.url("/try"))
    sent = await hooks.test(person, name)
    seen = await hooks.tried(person, sent.name)
    assert (seen.event, seen.state, seen.status_code) == ("webhook.test", Delivery.FAILED, 500)
    await hooks.again(person, sent.name)
    first, second = await asyncio.to_thread(receiver.wait, "/try", 2)
    assert first.id == second.id
    assert second.verified(secret)
    assert second.told["data"] == {"webhook": name}
    seen = await hooks.tried(person, sent.name, 2, status=204)
    assert seen.state == Delivery.DELIVERED


async def test_a_rotated_secret_overlaps_with_the_older_one_as_long_as_was_said(
    person: Person, world: World, account: str, worker: Process, receiver: Receiver
) -> None:
    name, first = await hooks.hook(person, receiver.url("/rotated"))
    second = await hooks.rotate(person, name)
    await hooks.test(person, name)
    (message,) = await asyncio.to_thread(receiver.wait, "/rotated", 1)
    assert message.verified(first)
    assert message.verified(second)
    third = await hooks.rotate(person, name, overlap_hours=0)
    await hooks.test(person, name)
    _, message = await asyncio.to_thread(receiver.wait, "/rotated", 2)
    assert message.verified(third)
    assert not message.verified(first)
    assert not message.verified(second)
    assert len({first, second, third}) == 3


async def test_a_receiver_that_is_gone_or_switched_off_is_told_nothing_more(
    person: Person, world: World, vault: VaultStandIn, account: str, worker: Process, receiver: Receiver
) -> None:
    receiver.answers["/gone"] = [(410, {})]
    name, _ = await hooks.hook(person, receiver.url("/gone"))
    sent = await hooks.test(person, name)
    assert (await hooks.tried(person, sent.name)).reason == "GONE"
    found = await hooks.get(person, name)
    assert (found.enabled, found.disabled_reason) == (False, "GONE")
    assert await refusal(hooks.test(person, name)) == "WEBHOOK_DISABLED"
    await run(person, world, account)
    assert len((await hooks.deliveries(person, name)).deliveries) == 1
    found = await hooks.change(person, name, enabled=True)
    assert (found.enabled, found.disabled_reason) == (True, "")
    found = await hooks.change(person, name, enabled=False)
    assert found.disabled_reason == "OWNER"
    assert (account, name, "update-webhook") in [
        (event.account, event.object, event.action) for event in vault.events
    ]


@pytest.mark.promise("S46")
@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "https://127.0.0.1/hook",
        "https://[::1]/hook",
        "https://169.254.169.254/latest",
        "https://me:secret@example.com/",
        "https://example.com/#part",
        "ftp://example.com/",
        "https://exa mple.com/",
        "https://localhost/hook",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::ffff:0:127.0.0.1]/",
        "nonsense",
    ],
)
async def test_an_address_inside_is_refused_when_it_is_stored(person: Person, url: str) -> None:
    assert await refusal(hooks.hook(person, url)) == "WEBHOOK_URL_NOT_ALLOWED"


@pytest.mark.promise("S46")
async def test_no_message_goes_inside_by_a_name_or_a_redirect(
    person: Person, worker: Process, receiver: Receiver
) -> None:
    receiver.answers["/away"] = [(302, {"location": receiver.url("/inside")})]
    name, _ = await hooks.hook(person, f"https://no-such-host.invalid:{receiver.port}/named")
    sent = await hooks.tried(person, (await hooks.test(person, name)).name)
    assert (sent.state, sent.reason) == (Delivery.FAILED, "ADDRESS_NOT_ALLOWED")
    name, _ = await hooks.hook(person, receiver.url("/away"))
    sent = await hooks.tried(person, (await hooks.test(person, name)).name)
    assert (sent.status_code, sent.reason) == (302, "REDIRECTED")
    assert not receiver.at("/inside")
    assert not receiver.at("/named")


async def test_messages_wait_while_nobody_can_sign(
    person: Person, world: World, vault: VaultStandIn, worker: Process, suite: Suite, receiver: Receiver
) -> None:
    name, secret = await hooks.hook(person, receiver.url("/unsigned"))
    vault.refuse("SignWebhook", "UNAVAILABLE")
    sent = await hooks.test(person, name)
    while not (await hooks.delivery(person, sent.name)).last_attempt_time.seconds:
        await asyncio.sleep(0.05)
    vault.relent()
    seen = await hooks.tried(person, sent.name)
    assert (seen.state, seen.attempts) == (Delivery.DELIVERED, 1)
    (message,) = receiver.at("/unsigned")
    assert message.verified(secret)


async def test_webhooks_and_messages_that_wait_are_bounded_and_listed_in_pages(
    person: Person, receiver: Receiver, worker: Process
) -> None:
    name, _ = await hooks.hook(person, receiver.url("/many"))
    for _ in range(9):
        await hooks.hook(person, receiver.url("/more"))
    assert await refusal(hooks.hook(person, receiver.url("/more"))) == "WEBHOOK_LIMIT"
    sent = [(await hooks.test(person, name)).name for _ in range(5)]
    page = await hooks.deliveries(person, name, page_size=3)
    rest = await hooks.deliveries(person, name, page_size=3, page_token=page.next_page_token)
    assert [each.name for each in (*page.deliveries, *rest.deliveries)] == sent[::-1]
    assert not rest.next_page_token
    await hooks.remove(person, name)
    assert await refusal(hooks.get(person, name)) == "WEBHOOK_NOT_FOUND"
    assert await refusal(hooks.delivery(person, sent[0])) == "WEBHOOK_DELIVERY_NOT_FOUND"
    assert (
        await refusal(hooks.hook(person, "https://example.com/", events=["job.begun"])) == "WEBHOOK_INVALID"
    )


async def test_a_hundred_messages_may_wait_for_a_webhook_and_one_more_says_why_it_was_not_sent(
    person: Person, account: str, world: World, vault: VaultStandIn, receiver: Receiver
) -> None:
    name, _ = await hooks.hook(person, receiver.url("/full"))
    vault.refuse("SignWebhook", "UNAVAILABLE")
    try:
        for _ in range(100):
            await hooks.test(person, name)
        assert await refusal(hooks.test(person, name)) == "WEBHOOK_DELIVERY_LIMIT"
        file = world.add_file(["Name"], [["Ada"]], account=account)
        job = await person.start(file, await person.template("Write to {{Name}}"))
        await person.cancel(job.name)
        newest = (await hooks.deliveries(person, name)).deliveries[0]
        assert (newest.state, newest.reason) == (Delivery.FAILED, "WEBHOOK_DELIVERY_LIMIT")
    finally:
        vault.relent()
        await hooks.remove(person, name)
