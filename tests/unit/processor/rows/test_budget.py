"""Budgets, from which money is set aside before each call, and the meter."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from services.processor.rows.budget import LEASE_CALLS, Budget, most_nanos
from services.processor.templates.prompt_settings import PromptSettings
from services.processor.usage.meter import (
    NANOS,
    PLANS,
    DayUse,
    Meter,
    UsageLimit,
    UsageMeter,
    budget_nanos,
    budget_of,
    cost_nanos,
    dollars,
)

SETTINGS = PromptSettings("p", "Out", "gpt-4o-mini", 0.7, 500)


class Purse:
    """A job's budget."""

    def __init__(self, nanos: int) -> None:
        self.left = nanos
        self.leases = 0

    async def lease(self, job: str, nanos: int) -> bool:
        if nanos > self.left:
            return False
        self.left -= nanos
        self.leases += 1
        return True

    async def give_back(self, job: str, nanos: int) -> None:
        self.left += nanos


async def test_a_budget_is_never_exceeded_and_ends_when_nothing_is_in_flight() -> None:
    purse = Purse(1000)
    budget = Budget(purse, "job")
    spent = 0
    while await budget.set_aside(90):
        budget.settle(90, 70)
        spent += 70
    # One more call could have cost 90.
    assert 1000 - 90 <= spent <= 1000
    await budget.close()
    assert purse.left == 1000 - spent


async def test_calls_in_flight_are_waited_for_before_the_budget_is_over() -> None:
    budget = Budget(Purse(100), "job")
    assert await budget.set_aside(60) is True
    assert await budget.set_aside(60) is None
    budget.settle(60, 10)
    assert await budget.set_aside(60) is True
    budget.settle(60, 60)
    assert await budget.set_aside(60) is False


async def test_the_database_is_not_asked_for_every_call() -> None:
    purse = Purse(1_000_000)
    budget = Budget(purse, "job")
    for _ in range(LEASE_CALLS):
        assert await budget.set_aside(100)
    assert purse.leases == 1


def test_the_most_that_a_call_can_cost_is_more_than_it_does() -> None:
    prompt = "Schreibe über Äpfel" * 20
    assert most_nanos(SETTINGS, prompt, "system") > cost_nanos("gpt-4o-mini", len(prompt) // 2, 500)


def test_money_is_exact() -> None:
    assert cost_nanos("gpt-4o-mini", 1, 1) == 750
    assert cost_nanos("unknown", 1, 1) == 0
    assert dollars(NANOS // 4) == Decimal("0.25")


@pytest.mark.parametrize(
    ("text", "amount"),
    [("", None), ("2.5", Decimal("2.5")), ("0", 0), ("0.0", 0), ("0.00", 0), ("0000000.000000000", 0)],
)
def test_a_budget_of_nothing_is_a_budget(text: str, amount: Decimal | None) -> None:
    assert budget_of(budget_nanos(text)) == amount
    assert bool(budget_nanos(text)) is (amount is not None)


def test_the_smallest_budget_is_not_taken_for_nothing() -> None:
    assert budget_nanos("0.000000001") == 1


class Uses:
    """An account's usage."""

    def __init__(self, *uses: DayUse) -> None:
        self.uses = list(uses)

    async def between(self, account: str, first: object, last: object) -> list[DayUse]:
        return self.uses

    async def used_since(self, account: str, first: object) -> int:
        return sum(use.used for use in self.uses)

    async def add_uses(self, account: str, uses: object) -> None:
        raise AssertionError


DAY = datetime(2026, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(("requested", "fits"), [(150, True), (151, False)])
async def test_a_plan_allows_its_limit_and_no_more(requested: int, fits: bool) -> None:
    meter = UsageMeter(Uses(DayUse(DAY.date(), "m", 100, 1, 1, 0)), "free", now=lambda: DAY)
    if fits:
        await meter.check_room("ada", requested)
        return
    with pytest.raises(UsageLimit) as refused:
        await meter.check_room("ada", requested)
    assert refused.value.message == "This needs more usage than the account's plan has left for this month"
    assert refused.value.metadata == {"used": "100", "limit": "250", "requested": "151"}


@pytest.mark.parametrize(
    ("plan", "used", "left", "percent"),
    [("unlimited", 0, None, None), ("free", 0, 250, 0.0), ("free", 250, 0, 100.0), ("free", 251, 0, 100.0)],
)
async def test_nothing_left_is_not_the_same_as_no_limit(
    plan: str, used: int, left: int | None, percent: float | None
) -> None:
    meter = Meter(plan, DAY.date(), used, PLANS[plan])
    assert (meter.left, meter.percent) == (left, percent)


async def test_without_a_limit_nothing_is_refused() -> None:
    await UsageMeter(Uses(), "unlimited", now=lambda: DAY).check_room("ada", 10**9)
