"""What the courses of a worker share."""

from collections.abc import Callable
from dataclasses import dataclass, field

from services.common.clock import Now
from services.common.turns import Turns
from services.processor.economy.store.batches import BatchStore
from services.processor.economy.trouble import Trouble
from services.processor.outside import ReadsRows, ReleasesApiKeys
from services.processor.provider.batches import Batches
from services.processor.provider.refused_parts import RefusedParts
from services.processor.usage.meter import month_start
from services.processor.usage.store import UsageStore


@dataclass(frozen=True, slots=True)
class CourseParts:
    """What the courses of a worker share."""

    store: BatchStore
    files: ReadsRows
    keys: ReleasesApiKeys
    batches: Batches
    refused: RefusedParts
    trouble: Trouble
    announce: Callable[[str], None]
    usage: UsageStore
    #: How many usages an account may have per month; None means no limit.
    usage_limit: int | None
    now: Now
    first_poll_seconds: float
    #: An account builds one batch at a time in a worker, which bounds the memory that this takes.
    turns: Turns = field(default_factory=lambda: Turns(1))

    async def is_used_up(self, job: str) -> bool:
        """Whether the account of a job has used up its plan."""
        limit = self.usage_limit
        return limit is not None and bool(await self.usage.used_up([job], month_start(self.now()), limit))
