"""An owner proves the address: webhooks and jobs of before wait, and passports of before make nothing new."""

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import psycopg
import pytest
from smelt.processor.v1 import jobs_pb2, webhooks_pb2

from tests.integration.processor import webhook_calls as hooks
from tests.integration.processor.stand_in_services import World
from tests.integration.processor.stand_ins import StandIns
from tests.integration.processor.suite import Person, Process, State, Suite, gateway_channel, refusal
from tests.integration.processor.suspension_calls import suspend
from tests.support.patience import PATIENCE_SECONDS
from tests.support.provider import Provider
from tests.support.webhook_receiver import Receiver

pytestmark = pytest.mark.usefixtures("worker")
PAUSED = jobs_pb2.Job.PauseReason.ACCOUNT_SECURED
Visitor = Callable[[int], AbstractAsyncContextManager[Person]]


@pytest.fixture
def account() -> str:
    return secrets.token_hex(8)


@pytest.fixture
def visitor(suite: Suite, stand_ins: StandIns, account: str) -> Visitor:
    """Someone with a passport of a generation: the stranger with 1, the owner with 2."""

    @asynccontextmanager
    async def come(generation: int) -> AsyncIterator[Person]:
        passport = stand_ins.vault.tokens.passport(account, generation=generation)
        async with gateway_channel(suite.certificates, suite.address) as channel:
            yield Person(channel, passport)

    return come


async def confirm(person: Person, name: str) -> Any:
    request = webhooks_pb2.ConfirmWebhookRequest(name=name)
    return await person.webhooks.ConfirmWebhook(request, metadata=person.metadata, timeout=PATIENCE_SECONDS)


async def test_webhooks_of_before_are_silent_until_they_are_confirmed(
    suite: Suite, visitor: Visitor, account: str, receiver: Receiver, world: World
) -> None:
    file = world.add_file(["n"], [["1"]], account)
    async with visitor(1) as stranger, visitor(2) as owner:
        name, secret = await hooks.hook(stranger, receiver.url(f"/{account}"))
        off, _ = await hooks.hook(stranger, receiver.url(f"/{account}/off"), enabled=False)
        template = await stranger.template("Say {{n}}")
        assert await suspend(suite, account, 2) == (1, 0, 0)
        shown = await hooks.get(owner, name)
        assert (shown.enabled, shown.disabled_reason) == (False, "UNCONFIRMED")
        # One that was off keeps its reason, and is switched on as ever.
        assert (await hooks.get(owner, off)).disabled_reason == "OWNER"
        job = await owner.start(file, template)
        await owner.until(job.name)
        assert not (await hooks.deliveries(owner, name)).deliveries
        assert await refusal(hooks.test(owner, name)) == "WEBHOOK_DISABLED"
        # A script that switches everything on does not confirm by the way.
        assert await refusal(hooks.change(owner, name, enabled=True)) == "WEBHOOK_UNCONFIRMED"
        renamed = await hooks.change(owner, name, display_name="mine?")
        assert (renamed.enabled, renamed.disabled_reason) == (False, "UNCONFIRMED")
        confirmed = await confirm(owner, name)
        assert (confirmed.enabled, confirmed.disabled_reason) == (True, "")
        assert await confirm(owner, name) == confirmed
        assert not (await confirm(owner, off)).enabled
        sent = await hooks.test(owner, name)
        await hooks.tried(owner, sent.name)
        (message,) = receiver.at(f"/{account}")
        assert message.verified(secret)
        # A repetition of the call, or an older one that comes late, changes nothing and counts the same.
        for generation in (2, 1):
            assert await suspend(suite, account, generation) == (1, 0, 0)
        assert (await hooks.get(owner, name)).enabled


async def test_messages_that_wait_are_not_sent(
    suite: Suite, visitor: Visitor, account: str, receiver: Receiver
) -> None:
    receiver.answers[f"/{account}"] = [(500, {})]
    async with visitor(1) as stranger, visitor(2) as owner:
        name, _ = await hooks.hook(stranger, receiver.url(f"/{account}"))
        sent = await hooks.test(stranger, name)
        await hooks.tried(stranger, sent.name)
        _execute(
            suite,
            "UPDATE webhook_delivery SET state = 'PENDING', next_attempt_time = now() + interval '1 hour'"
            " WHERE account = %s",
            account,
        )
        await suspend(suite, account, 2)
        told = await hooks.delivery(owner, sent.name)
        assert (told.state, told.reason) == (hooks.Delivery.FAILED, "WEBHOOK_DISABLED")
        # One that the end of a job queued at the same moment is met by the worker, which sends it nowhere.
        _execute(
            suite,
            "UPDATE webhook_delivery SET state = 'PENDING', reason = '', next_attempt_time = now()"
            " WHERE account = %s",
            account,
        )
        told = await hooks.tried(owner, sent.name, 2)
        assert (told.state, told.reason) == (hooks.Delivery.FAILED, "WEBHOOK_DISABLED")
    assert len(receiver.at(f"/{account}")) == 1


async def test_jobs_of_before_pause_and_their_owner_resumes_them(
    suite: Suite, visitor: Visitor, account: str, provider: Provider, world: World
) -> None:
    provider.script(latency_ms=200)
    file = world.add_file(["n"], [[str(n)] for n in range(200)], account)
    async with visitor(1) as stranger, visitor(2) as owner:
        job = await stranger.start(file, await stranger.template("Say {{n}}"), parallel_calls=2)
        await asyncio.to_thread(provider.wait_for, 2)
        assert await suspend(suite, account, 2) == (0, 1, 0)
        paused = await owner.job(job.name)
        assert (paused.state, paused.pause_reason) == (State.PAUSED, PAUSED)
        provider.script(latency_ms=0)
        assert await refusal(stranger.resume(job.name)) == "UNAUTHENTICATED"
        assert (await owner.job(job.name)).state == State.PAUSED
        await owner.resume(job.name)
        done = await owner.until(job.name)
        assert (done.state, done.request_counts.succeeded) == (State.COMPLETED, 200)
        assert await suspend(suite, account, 2) == (0, 1, 0)


async def test_a_request_of_before_that_comes_late_makes_nothing_that_acts(
    suite: Suite, visitor: Visitor, account: str, receiver: Receiver, world: World
) -> None:
    file = world.add_file(["n"], [["1"]], account)
    async with visitor(1) as stranger, visitor(2) as owner, visitor(0) as older_version:
        template = await stranger.template("Say {{n}}")
        job = await stranger.start(file, template)
        await stranger.until(job.name)
        name, _ = await hooks.hook(stranger, receiver.url("/late"))
        await suspend(suite, account, 2)
        # The account has its grant for webhooks again, so that each change is refused for its own sake.
        await hooks.remove(owner, (await hooks.hook(owner, receiver.url("/owner")))[0])
        for attempt in (
            stranger.start(file, template),
            stranger.retry_failed(job.name),
            stranger.regenerate(job.name, 1),
            hooks.hook(stranger, receiver.url("/more")),
            hooks.change(stranger, name, url=receiver.url("/elsewhere")),
            hooks.rotate(stranger, name),
            confirm(stranger, name),
        ):
            assert await refusal(attempt) == "UNAUTHENTICATED"
        jobs = await owner.jobs.ListJobs(jobs_pb2.ListJobsRequest(), metadata=owner.metadata)
        assert [each.name for each in jobs.jobs] == [job.name]
        assert (await hooks.get(owner, name)).url == receiver.url("/late")
        listed = await owner.webhooks.ListWebhooks(
            webhooks_pb2.ListWebhooksRequest(), metadata=owner.metadata, timeout=PATIENCE_SECONDS
        )
        assert [each.name for each in listed.webhooks] == [name]
        # A passport of an older version says no generation; it lives for minutes, and its session is checked.
        await hooks.hook(older_version, receiver.url("/older"))
        await owner.until((await owner.start(file, template)).name)


@pytest.mark.parametrize("times", range(3))
async def test_what_is_made_at_the_same_moment_is_suspended_or_refused(
    suite: Suite, visitor: Visitor, account: str, receiver: Receiver, times: int
) -> None:
    async with visitor(1) as stranger, visitor(2) as owner:
        made = [
            asyncio.ensure_future(hooks.hook(stranger, receiver.url(f"/{account}/{n}"))) for n in range(5)
        ]
        await asyncio.sleep(0.01 * times)
        count, _, _ = await suspend(suite, account, 2)
        outcomes = await asyncio.gather(*made, return_exceptions=True)
        listed = await owner.webhooks.ListWebhooks(
            webhooks_pb2.ListWebhooksRequest(), metadata=owner.metadata, timeout=PATIENCE_SECONDS
        )
        assert {each.disabled_reason for each in listed.webhooks} <= {"UNCONFIRMED"}
        assert len(listed.webhooks) == count
        assert sum(not isinstance(each, BaseException) for each in outcomes) == count


async def test_another_account_notices_nothing(
    suite: Suite, visitor: Visitor, account: str, stand_ins: StandIns, receiver: Receiver
) -> None:
    async with gateway_channel(suite.certificates, suite.address) as channel:
        neighbour = Person(channel, stand_ins.passport(f"{account}x"))
        name, _ = await hooks.hook(neighbour, receiver.url("/neighbour"))
        assert await suspend(suite, account, 9) == (0, 0, 0)
        assert (await hooks.get(neighbour, name)).enabled
        await hooks.remove(neighbour, name)
    for caller in ("gateway", "files", "vault"):
        assert await refusal(suspend(suite, account, 10, caller)) == "CALLER_NOT_ALLOWED"


@pytest.mark.promise("S11")
async def test_no_stored_grant_is_one_that_works(
    suite: Suite, worker: Process, visitor: Visitor, account: str, receiver: Receiver, world: World
) -> None:
    """A thief of the database finds what the vault alone can open."""
    file = world.add_file(["n"], [["1"]], account)
    async with visitor(2) as owner:
        await hooks.hook(owner, receiver.url(f"/{account}"))
        job = await owner.start(file, await owner.template("Say {{n}}"))
        await owner.until(job.name)
    rows = _execute(
        suite,
        "SELECT job::text, grant_token, sealed_grant, grant_id FROM job WHERE account = %s",
        account,
    )
    ((whole, token, sealed, grant_id),) = rows
    assert token == ""
    opened = stand_in_grant(suite, bytes(sealed))
    assert grant_id in _claims(opened)
    assert opened not in whole
    ((stored,),) = _execute(suite, "SELECT sealed_grant FROM webhook_grant WHERE account = %s", account)
    for_webhooks = stand_in_grant(suite, bytes(stored))
    # Nothing of either is anywhere in the database, neither as text nor in a column of bytes.
    tables = _execute(
        suite, "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    everything = "".join(str(_execute(suite, f"SELECT t::text FROM {table} AS t")) for (table,) in tables)
    for grant in (opened, for_webhooks):
        for part in grant.split("."):
            assert part not in everything
            assert part.encode().hex() not in everything


def stand_in_grant(suite: Suite, sealed: bytes) -> str:
    return suite.stand_ins.vault.grants.sealed[sealed]


def _claims(token: str) -> str:
    body = token.split(".")[1]
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()


def _execute(suite: Suite, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with psycopg.connect(suite.conninfo, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), values)
        return cursor.fetchall() if cursor.description else []
