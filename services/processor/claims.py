"""Work that one worker holds at a time, under a fence that tells it from those who held it before."""

from collections.abc import Mapping
from dataclasses import dataclass


class FenceLost(Exception):
    """Another worker holds the shard now: nothing of ours may be written any more."""


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

    @property
    def job_name(self) -> str:
        """The job's resource name."""
        return f"jobs/{self.job}"


@dataclass(frozen=True, slots=True)
class Waiting:
    """Shards at work by account, everywhere, and how many the poorest of the accounts has that wait."""

    at_work: Mapping[str, int]
    #: None when nobody waits.
    least: int | None


@dataclass(frozen=True, slots=True)
class Assembly:
    """A job whose rows are all done, held by whoever assembles its file."""

    job: str
    fence: int
    account: str
    file: str
    parse: int
    first_row: int
    last_row: int
    wrapped_key: bytes
    snapshot: bytes
    grant: str
    grant_id: str
