"""The meter, plans and budgets, with real processes."""

from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from smelt.processor.v1 import jobs_pb2

from tests.integration.processor.stand_in_services import World
from tests.integration.processor.stand_ins import StandIns
from tests.integration.processor.suite import Person, Process, State, Suite, gateway_channel, refusal
from tests.support.provider import Provider

Reason = jobs_pb2.Job.PauseReason
PROMPT = "Write to {{Name}}"


def people(count: int) -> list[list[str]]:
    return [[f"Name{number}."] for number in range(1, count + 1)]


@pytest.fixture
async def zoe(suite: Suite, stand_ins: StandIns) -> AsyncIterator[Person]:
    """A person who has used nothing yet."""
    async with gateway_channel(suite.certificates, suite.address) as channel:
        yield Person(channel, stand_ins.passport("zoe"))


async def test_the_meter_counts_steps_once_and_tokens_as_the_provider_does(
    zoe: Person, worker: Process, world: World, provider: Provider
) -> None:
    provider.script(
        {"action": "status", "status": 500, "first": 1, "contains": "Name1."},
        {"action": "status", "status": 400, "contains": "Again Name2."},
    )
    file = world.add_file(["Name"], people(10), account="zoe")
    first = await zoe.template(PROMPT, model="gpt-4o-mini")
    second = await zoe.template("Again {{Name}}", "Again", model="unpriced-model")
    priced = await zoe.start(file, first)
    done = await zoe.until(priced.name)
    meter = await zoe.used()
    assert (meter.plan, meter.used, meter.HasField("limit"), meter.HasField("left")) == (
        "unlimited",
        10,
        False,
        False,
    )
    ((day,), (model,)) = meter.days, meter.models
    assert (model.model, model.used, model.tokens_estimated) == ("gpt-4o-mini", 10, False)
    assert (day.input_tokens, day.output_tokens) == (done.input_tokens, done.output_tokens)
    cost = done.input_tokens * Decimal("0.15") / 10**6 + done.output_tokens * Decimal("0.60") / 10**6
    assert Decimal(done.cost_usd) == pytest.approx(cost, abs=Decimal("0.000001"))
    assert day.cost_usd == done.cost_usd
    job = await zoe.start(file, first, second)
    done = await zoe.until(job.name)
    assert (done.request_counts.failed, done.cost_usd) == (1, "")
    meter = await zoe.used()
    # Ten plus twenty: a step that failed for good also counts, and attempts do not.
    assert meter.used == 30
    assert [(each.model, each.used, bool(each.cost_usd)) for each in meter.models] == [
        ("gpt-4o-mini", 20, True),
        ("unpriced-model", 10, False),
    ]
    await zoe.retry_failed(job.name)
    await zoe.until(job.name)
    assert (await zoe.used()).used == 31
    await zoe.test(file, first, row_count=2)
    assert (await zoe.used()).used == 33


async def test_a_budget_pauses_the_job_before_the_call_that_could_exceed_it(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    file = world.add_file(["Name"], people(300))
    template = await ada.template(PROMPT, max_tokens=100)
    limit = "0.002"
    job = await ada.start(file, template, parallel_calls=20, max_cost_usd=limit)
    paused = await ada.until(job.name, State.PAUSED)
    assert paused.pause_reason == Reason.BUDGET
    done = paused.request_counts.succeeded
    assert 0 < done < 300
    # One more call could cost at most 0.0001, so the job stops just below its budget.
    assert Decimal(limit) - Decimal("0.0004") < Decimal(paused.cost_usd) <= Decimal(limit)
    sent = len(provider.prompts())
    resumed = await ada.resume(job.name, max_cost_usd="1")
    assert Decimal(resumed.max_cost_usd) == 1
    finished = await ada.until(job.name)
    assert finished.request_counts.succeeded == 300
    assert len(provider.prompts()) == 300 > sent


@pytest.mark.parametrize("economy", [False, True])
async def test_a_budget_of_nothing_pauses_the_job_before_its_first_call(
    ada: Person, worker: Process, world: World, provider: Provider, economy: bool
) -> None:
    file = world.add_file(["Name"], people(3))
    job = await ada.start(file, await ada.template(PROMPT), max_cost_usd="0.00", economy=economy)
    paused = await ada.until(job.name, State.PAUSED)
    assert (paused.pause_reason, paused.max_cost_usd) == (Reason.BUDGET, "0.000000")
    # Nothing is as much as before.
    await ada.resume(job.name, max_cost_usd="0")
    assert (await ada.until(job.name, State.PAUSED)).pause_reason == Reason.BUDGET
    assert provider.summary()["total"] == 0
    # The smallest budget that there is, and shown as such.
    assert (await ada.resume(job.name, max_cost_usd="0.000000001")).max_cost_usd == "0.000000001"
    await ada.cancel(job.name)


async def test_without_counts_a_budget_pauses_within_a_tenth_of_where_it_would_with_them(
    ada: Person, worker: Process, world: World, provider: Provider
) -> None:
    file = world.add_file(["Name"], people(300))
    template = await ada.template(PROMPT, max_tokens=100)
    done = []
    for rules in ([], [{"action": "usage"}]):
        provider.script(*rules)
        job = await ada.start(file, template, parallel_calls=1, max_cost_usd="0.002")
        paused = await ada.until(job.name, State.PAUSED)
        assert (paused.pause_reason, paused.tokens_estimated) == (Reason.BUDGET, bool(rules))
        done.append(paused.request_counts.succeeded)
    counted, estimated = done
    assert 20 < counted < 300
    assert abs(estimated - counted) <= counted / 10
    assert any(each.tokens_estimated for each in (await ada.used()).models)


async def test_a_budget_needs_known_prices(ada: Person, world: World) -> None:
    file = world.add_file(["Name"], people(3))
    template = await ada.template(PROMPT, model="unpriced-model")
    assert await refusal(ada.start(file, template, max_cost_usd="1")) == "PRICE_UNKNOWN"
    assert await refusal(ada.start(file, template, max_cost_usd="-1")) == "INVALID_REQUEST"


@pytest.fixture
def free(suite_apart: Suite) -> Suite:
    """A processor and a worker of an installation whose accounts have 250 usages per month."""
    suite_apart.settings["SMELT_PLAN"] = "free"
    suite_apart.serve()
    suite_apart.worker()
    return suite_apart


async def test_a_used_up_plan_refuses_new_jobs_and_pauses_running_ones(
    free: Suite, stand_ins: StandIns, world: World, provider: Provider
) -> None:
    async with gateway_channel(free.certificates, free.address) as channel:
        ada = Person(channel, stand_ins.passport("ada"))
        template = await ada.template(PROMPT)
        large, small = world.add_file(["Name"], people(251)), world.add_file(["Name"], people(200))
        assert await refusal(ada.start(large, template)) == "USAGE_LIMIT"
        # Blank rows take no room, so what is left of a large file may fit.
        blank = world.add_file(["Name"], [*people(1), *[[" "]] * 300])
        assert await refusal(ada.start(blank, template, send_blank_rows=True)) == "USAGE_LIMIT"
        done = await ada.until((await ada.start(blank, template)).name)
        assert (done.request_counts.succeeded, done.request_counts.skipped) == (1, 300)
        estimate = await ada.estimate(small, template)
        assert (estimate.usage_left, estimate.usage_limit) == (249, 250)
        # Slow calls, so that each job still fits when it starts; together they do not.
        provider.script(latency_ms=3000)
        jobs = [await ada.start(small, template, parallel_calls=5) for _ in range(2)]
        provider.script(latency_ms=50)
        first = await ada.until(jobs[0].name, State.PAUSED, State.COMPLETED)
        second = await ada.until(jobs[1].name, State.PAUSED, State.COMPLETED)
        assert State.PAUSED in (first.state, second.state)
        paused = first if first.state == State.PAUSED else second
        assert (paused.pause_reason, paused.error.reason) == (Reason.QUOTA, "USAGE_LIMIT")
        meter = await ada.used()
        # Half a second with ten calls in flight may be added.
        assert 250 <= meter.used <= 250 + 150
        assert (meter.left, meter.percent) == (0, 100)
        assert await refusal(ada.resume(paused.name)) == "USAGE_LIMIT"
