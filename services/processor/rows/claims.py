"""Work that one worker holds at a time, under a fence that tells it from those who held it before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class FenceLost(Exception):
    """Another worker holds the shard now: nothing of ours may be written any more."""


def first_open(begun: Mapping[int, bytes | None], first: int, last: int) -> int:
    """Return the first row without a final result, 0 when all have one; `begun` has None for those."""
    return next((row for row in range(first, last + 1) if begun.get(row, b"") is not None), 0)


class ShardIncomplete(Exception):
    """Rows are missing although none was left: the file gave fewer than it has."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A shard that this worker holds, and what its job brings along."""

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
    grant: str
    #: The most that the job may cost in billionths of a US dollar; 0 is no limit.
    max_cost_nanos: int = 0
    #: The first row without a final result when the shard was claimed; 0 when there is none.
    head: int = 0

    @property
    def job_name(self) -> str:
        """The job's resource name."""
        return f"jobs/{self.job}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the queue knows of an account: its shards at work, everywhere, and whether some could be taken."""

    account: str
    at_work: int
    due: bool


def who_gives_way(here: Mapping[str, int], queue: Sequence[Waiting]) -> str | None:
    """Return the account that gives a place back to one that has less; None when none has to.

    `here` counts the shards of a worker whose places are all taken. The queue may know of fewer: those that
    it has given to others because the worker was silent for a while are still worked on.
    """
    at_work = {each.account: max(each.at_work, here.get(each.account, 0)) for each in queue}
    least = min((at_work[each.account] for each in queue if each.due), default=None)
    most, richest = max((max(at_work.get(account, 0), count), account) for account, count in here.items())
    # Not for a difference of one: the place would only go to and fro.
    return None if least is None or most <= least + 1 else richest
