"""Claims: a shard that one worker holds, under a fence that is higher than those of its earlier holders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class FenceLost(Exception):
    """Another worker holds the shard now, so this one can no longer write anything for it."""


def first_open(begun: Mapping[int, bytes | None], first: int, last: int) -> int:
    """Return the first row without a final result, 0 when all have one; `begun` has None for those."""
    return next((row for row in range(first, last + 1) if begun.get(row, b"") is not None), 0)


class ShardIncomplete(Exception):
    """Rows have no result although the source ran out: the file returned fewer rows than it has."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A shard that this worker holds, with what it needs to know about the job."""

    job: str
    number: int
    fence: int
    claims: int
    first_row: int
    last_row: int
    calls: int
    account: str
    file: str
    parse: int
    api_key: str
    wrapped_key: bytes
    snapshot: bytes
    grant_id: str
    sealed_grant: bytes | None
    #: The opened grant; before it is opened, that of a job which an older version started.
    grant: str = field(repr=False)
    #: The job's budget in billionths of a US dollar; 0 means none, less than 0 one of nothing.
    max_cost_nanos: int = 0
    #: Whether its prompts go in batches, and how the rest goes; see `jobs/economy.py`.
    economy: str = ""
    #: The first row without a final result when the shard was claimed; 0 when there is none.
    head: int = 0

    @property
    def job_name(self) -> str:
        """The job's resource name."""
        return f"jobs/{self.job}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the queue knows about an account: its shards in work on all workers, and whether any is due."""

    account: str
    at_work: int
    due: bool


def who_gives_way(here: Mapping[str, int], queue: Sequence[Waiting]) -> str | None:
    """Return the account that must give a place to an account with fewer; None if none must.

    `here` counts the shards of a worker whose places are all taken. The queue may know of fewer: if the
    worker was silent for a while, the queue has given its shards to others, but it still works on them.
    """
    at_work = {each.account: max(each.at_work, here.get(each.account, 0)) for each in queue}
    least = min((at_work[each.account] for each in queue if each.due), default=None)
    most, richest = max((max(at_work.get(account, 0), count), account) for account, count in here.items())
    # A difference of one is not enough: the place would only move back and forth.
    return None if least is None or most <= least + 1 else richest
