"""The meter: what an account has used this month, and how much its plan allows."""

from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from services.common.errors import DomainError, Kind
from services.common.identity import Passport
from services.processor.usage.prices import facts_of


class UsageLimit(DomainError):
    reason = "USAGE_LIMIT"
    kind = Kind.EXHAUSTED
    message = "This needs more usage than the account's plan has left for this month"


#: Usages per month by plan; None means no limit.
PLANS: dict[str, int | None] = {
    "free": 250,
    "starter": 5_000,
    "growth": 25_000,
    "scale": 100_000,
    "unlimited": None,
}
NANOS = 1_000_000_000
#: How a budget is stored that is none, and one of nothing, which no call fits into.
NO_BUDGET = 0
NOTHING = -1


@dataclass(frozen=True, slots=True)
class DayUse:
    """An account's usage of a model on one day."""

    day: date
    model: str
    used: int
    input_tokens: int
    output_tokens: int
    cost_nanos: int
    #: Whether the provider did not tell all of the tokens.
    is_estimated: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A sum for a day or a model; its cost is None if the price of a model is unknown."""

    name: str
    used: int
    input_tokens: int
    output_tokens: int
    cost: Decimal | None
    is_estimated: bool


@dataclass(frozen=True, slots=True)
class Meter:
    """What an account has used in a month; `limit` is None if there is none."""

    plan: str
    period_start: date
    used: int
    limit: int | None
    days: tuple[Part, ...] = ()
    models: tuple[Part, ...] = ()

    @property
    def left(self) -> int | None:
        """Usages that are left; None if there is no limit."""
        return None if self.limit is None else max(0, self.limit - self.used)

    @property
    def percent(self) -> float | None:
        """The used share of the limit, 0 to 100; None if there is no limit."""
        if self.limit is None:
            return None
        return 100.0 if self.used >= self.limit else round(100.0 * self.used / self.limit, 2)


class Store(Protocol):
    """Counts usage."""

    async def between(self, account: str, first: date, last: date) -> Sequence[DayUse]: ...
    async def used_since(self, account: str, first: date) -> int: ...
    async def add_uses(self, account: str, uses: Sequence[DayUse]) -> None: ...


class UsageMeter:
    """Reads and updates accounts' meters. All accounts of an installation have the same plan."""

    def __init__(self, store: Store, plan: str, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._plan = plan
        self._now = now

    async def read(self, person: Passport, month: date | None = None) -> Meter:
        """Return the meter of a month, given as its first day, with its sums by day and model; without one,
        of this month."""
        start = month or month_start(self._now())
        uses = await self._store.between(person.account, start, month_end(start))
        return Meter(
            plan=self._plan,
            period_start=start,
            used=sum(use.used for use in uses),
            limit=PLANS[self._plan],
            days=_parts(uses, lambda use: use.day.isoformat()),
            models=_parts(uses, lambda use: use.model),
        )

    async def totals(self, account: str) -> Meter:
        """Return the meter without the sums by day and model."""
        start, limit = month_start(self._now()), PLANS[self._plan]
        used = 0 if limit is None else await self._store.used_since(account, start)
        return Meter(self._plan, start, used, limit)

    async def check_room(self, account: str, requested: int) -> None:
        """Raise UsageLimit if the plan does not allow `requested` more usages."""
        meter = await self.totals(account)
        if meter.left is not None and requested > meter.left:
            raise UsageLimit(used=str(meter.used), limit=str(meter.limit), requested=str(requested))

    async def count_uses(self, account: str, uses: Sequence[tuple[str, int, int, bool]]) -> None:
        """Count usages outside of jobs: model, input tokens, output tokens, whether these are estimated."""
        today = self._now().date()
        await self._store.add_uses(
            account,
            [
                DayUse(
                    today,
                    model,
                    1,
                    tokens_in,
                    tokens_out,
                    cost_nanos(model, tokens_in, tokens_out),
                    is_estimated,
                )
                for model, tokens_in, tokens_out, is_estimated in uses
            ],
        )


def month_start(now: datetime) -> date:
    """Return the first day of the month."""
    return now.date().replace(day=1)


def month_end(first: date) -> date:
    """Return the last day of the month that begins with a day."""
    return first.replace(day=monthrange(first.year, first.month)[1])


def cost_nanos(model: str, input_tokens: int, output_tokens: int) -> int:
    """Return what tokens cost in billionths of a US dollar; 0 if the price is unknown."""
    cost = facts_of(model).cost(input_tokens, output_tokens)
    return 0 if cost is None else round(cost * NANOS)


def budget_nanos(dollars_text: str) -> int:
    """Return a budget, a decimal number of dollars, in billionths: NO_BUDGET for an empty text."""
    if not dollars_text:
        return NO_BUDGET
    return int(Decimal(dollars_text) * NANOS) or NOTHING


def budget_of(nanos: int) -> Decimal | None:
    """Return a stored budget in dollars; None if there is none."""
    return None if nanos == NO_BUDGET else dollars(max(0, nanos))


def dollars(nanos: int) -> Decimal:
    """Return billionths of a US dollar as dollars."""
    return Decimal(nanos) / NANOS


def _parts(uses: Sequence[DayUse], name_of: Callable[[DayUse], str]) -> tuple[Part, ...]:
    named: dict[str, list[DayUse]] = {}
    for use in uses:
        named.setdefault(name_of(use), []).append(use)
    return tuple(
        Part(
            name,
            sum(use.used for use in group),
            sum(use.input_tokens for use in group),
            sum(use.output_tokens for use in group),
            None
            if any(facts_of(use.model).input_price is None for use in group)
            else dollars(sum(use.cost_nanos for use in group)),
            any(use.is_estimated for use in group),
        )
        for name, group in sorted(named.items())
    )
